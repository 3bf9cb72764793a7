import { priced } from "../../cost/table.js";
import type { Choose } from "../../domain/decision.js";
import type { EvaluateJob } from "../../domain/job.js";
import type { Plan } from "../../domain/plan.js";
import type { Context } from "../../domain/program.js";
import type { Architecture } from "../../domain/space.js";
import { measureJob } from "../../schedule/streams.js";
import type { Distribution } from "../distributions/distribution.js";

/**
 * The end of every search: some networks are up for choice, each is measured on the validation split, the best is chosen.
 * A single one (most likely, argmax, last left) is measured too, once: its accuracy belongs in the report.
 */
export interface Choice {
  readonly networks: readonly Nominee[];
  /** evaluate jobs issued */
  readonly asked: number;
  /** validation accuracies so far, in the order of the networks */
  readonly accuracies: readonly number[];
}

export interface Nominee {
  readonly architecture: Architecture;
  /** ln P under the final probabilities; null where the method has none */
  readonly logProbability: number | null;
}

/** for people: how a network was chosen, by what the `choose` decision calls it */
export const howWords = {
  "most-likely": "the most likely network within the budget, found exactly by dynamic programming",
  "best-of-sampled": "the best by validation accuracy of networks drawn within the budget",
  argmax: "the most likely candidate of each slot",
  "last-left": "the last candidate left in each slot",
  "best-of-random": "the best by validation accuracy of networks drawn at random within the budget",
  "first-drawn": "the first network drawn at random within the budget",
} as const;

export interface Chooser {
  /** as it is written in the `choose` decision */
  readonly how: string;
  /** false: the first nominee is taken unseen */
  readonly measured: boolean;
  /**
   * Who is up for choice next, once all nominees so far were measured; none: the choice is made. So a chooser may go on from
   * what its first nominees showed. @throws DanasError E_BUDGET_UNREACHABLE
   */
  nominate(context: Context, distribution: Distribution, soFar: Choice): readonly Nominee[];
}

export const noChoice: Choice = { networks: [], asked: 0, accuracies: [] };

/** @param train the stream that batch norm's statistics are re-estimated on */
export const evaluateJob = (plan: Plan, architecture: Architecture, train: string): EvaluateJob =>
  measureJob("valid", architecture, train, plan.search.evaluation.recalibrateBatches);

/** Best accuracy; ties by probability, then by order. Without accuracies the first. */
export function choose({ plan, costs }: Context, how: string, { networks, accuracies }: Choice): Choose {
  let best = 0;
  for (let i = 1; i < accuracies.length; i++) {
    const ahead = accuracies[i] - accuracies[best];
    const likelier = (networks[i].logProbability ?? 0) > (networks[best].logProbability ?? 0);
    if (ahead > 0 || (ahead === 0 && likelier)) best = i;
  }
  return {
    type: "choose",
    how,
    chosen: priced(plan.space, costs, networks[best].architecture),
    logProbability: networks[best].logProbability,
    compared: accuracies.map((validAccuracy, i) => ({
      ...priced(plan.space, costs, networks[i].architecture),
      validAccuracy,
    })),
  };
}
