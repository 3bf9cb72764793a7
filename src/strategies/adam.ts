import type { GateOptions } from "../domain/plan.js";
import { copyRows, type Rows } from "./distribution.js";

/** The moments of Adam (Kingma and Ba, arXiv 1412.6980) on the architecture parameters; as wide as they are. */
export interface Moments {
  readonly first: Rows;
  readonly second: Rows;
  /** updates so far */
  readonly count: number;
}

/**
 * One update, bias-corrected: with m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2 and t updates,
 * step = lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon), to be subtracted.
 */
export function adam(
  options: GateOptions,
  before: Moments,
  gradients: Rows,
): { readonly moments: Moments; readonly steps: readonly (readonly number[])[] } {
  const { beta1, beta2, epsilon, learningRate } = options;
  const count = before.count + 1;
  const correct1 = 1 - beta1 ** count;
  const correct2 = 1 - beta2 ** count;
  const first = copyRows(before.first);
  const second = copyRows(before.second);
  const steps = gradients.map((row, slot) =>
    row.map((g, i) => {
      // + 0: a minus zero would not survive JSON
      const m = (first[slot][i] = beta1 * first[slot][i] + (1 - beta1) * g + 0);
      const v = (second[slot][i] = beta2 * second[slot][i] + (1 - beta2) * g * g);
      // an epsilon of 0 must not make 0 / 0
      return m === 0 ? 0 : (learningRate * (m / correct1)) / (Math.sqrt(v / correct2) + epsilon);
    }),
  );
  return { moments: { first, second, count }, steps };
}
