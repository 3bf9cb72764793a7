import type { GateOptions } from "../../options/gate.js";

/**
 * Update number `count` (from 1) of one row, bias-corrected: with m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
 * step = lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon), to be subtracted.
 *
 * In place, because a fold over a long journal comes by here for each slot of each gate step: `first` and `second` are
 * moved on, and `gradients` becomes the steps.
 */
export function adam(
  options: GateOptions,
  count: number,
  first: number[],
  second: number[],
  gradients: number[],
): void {
  const { beta1, beta2, epsilon, learningRate } = options;
  const correct1 = 1 - beta1 ** count;
  const correct2 = 1 - beta2 ** count;
  for (let i = 0; i < gradients.length; i++) {
    const g = gradients[i];
    // + 0: a minus zero would not survive JSON
    const m = beta1 * first[i] + (1 - beta1) * g + 0;
    const v = beta2 * second[i] + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    // an epsilon of 0 must not make 0 / 0
    gradients[i] = m === 0 ? 0 : (learningRate * (m / correct1)) / (Math.sqrt(v / correct2) + epsilon);
  }
}
