import type { Cost } from "../domain/cost.js";
import { softmax } from "../util/numeric.js";
import type { Constraint } from "./budget.js";

/** a candidate that may be drawn */
export interface Choice extends Cost {
  readonly candidate: number;
  readonly logProbability: number;
}

/** p(o) exp(-u . use(o)) of one slot, summing to 1: an exponential tilt [R], in logs so that nothing underflows */
export const tilted = (
  choices: readonly Choice[],
  constraints: readonly Constraint[],
  tilt: readonly number[],
): number[] =>
  softmax(
    choices.map((choice) =>
      constraints.reduce((sum, { use }, index) => sum - tilt[index] * use(choice), choice.logProbability),
    ),
  );

/**
 * The tilt u >= 0, one a constraint, under which no mean use is above its limit, and is the limit itself where u > 0: the
 * minimum of the convex log Z(u) + u . limit, one coordinate at a time.
 */
export function tiltFor(choices: readonly (readonly Choice[])[], constraints: readonly Constraint[]): number[] {
  const tilt = constraints.map(() => 0);
  const meanUse = (index: number): number => {
    const { use } = constraints[index];
    let sum = 0;
    for (const slot of choices) {
      const weights = tilted(slot, constraints, tilt);
      for (let i = 0; i < slot.length; i++) sum += weights[i] * use(slot[i]);
    }
    return sum;
  };
  const sweeps = constraints.length > 1 ? 4 : 1;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const [index, { limit }] of constraints.entries()) {
      tilt[index] = 0;
      if (meanUse(index) <= limit) continue;
      let low = 0;
      let high = 1e-15;
      tilt[index] = high;
      // past 1 a multiply-add, only the cheapest is left anyway
      while (meanUse(index) > limit && high < 1) {
        low = high;
        high *= 4;
        tilt[index] = high;
      }
      for (let i = 0; i < 30; i++) {
        tilt[index] = (low + high) / 2;
        if (meanUse(index) > limit) low = tilt[index];
        else high = tilt[index];
      }
      tilt[index] = high;
    }
  }
  return tilt;
}
