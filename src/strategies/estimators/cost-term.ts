import { assertNever } from "../../domain/errors.js";
import type { CostTerm } from "../../domain/plan.js";

/** How the architecture's loss changes with the cross-entropy and with the expected cost E: its two partial derivatives. */
export interface LossSlopes {
  readonly perCrossEntropy: number;
  readonly perUnit: number;
}

/**
 * METHODS 1.5, T the target:
 *
 *   hinge       CE / ln(classes) + lambda max(0, E/T - 1)   [O]
 *   linear      CE + lambda (E - T) / T                     [C, ProxylessNAS "add#linear"]
 *   log-power   lambda CE (ln E / ln T)^beta                [C, ProxylessNAS "mul#log"]
 *
 * Where the term does not act yet (`acts` false: a round without cost), hinge keeps its CE / ln(classes), so that only
 * the term itself is added later [O]; the others are the plain CE.
 *
 * @param crossEntropy the gate step's loss, nats
 * @param expected E under the probabilities of all that is alive
 * @param classes in the data; of a single one ln is 0, and CE stays as it is
 */
export function lossSlopes(
  term: CostTerm,
  acts: boolean,
  crossEntropy: number,
  expected: number,
  classes: number,
): LossSlopes {
  const { lambda, beta, target } = term;
  switch (term.form) {
    case "none":
      return { perCrossEntropy: 1, perUnit: 0 };
    case "hinge":
      return {
        perCrossEntropy: classes > 1 ? 1 / Math.log(classes) : 1,
        perUnit: acts && expected > target ? lambda / target : 0,
      };
    case "linear":
      return { perCrossEntropy: 1, perUnit: acts ? lambda / target : 0 };
    case "log-power": {
      if (!acts) return { perCrossEntropy: 1, perUnit: 0 };
      const ratio = Math.log(expected) / Math.log(target);
      return {
        perCrossEntropy: lambda * ratio ** beta,
        perUnit: (lambda * crossEntropy * beta * ratio ** (beta - 1)) / (expected * Math.log(target)),
      };
    }
    default:
      return assertNever(term.form);
  }
}
