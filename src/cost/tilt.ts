import { softmax } from "../util/numeric.js";
import type { Constraint } from "./budget.js";
import type { Option, Options } from "./options.js";

/** p(o) exp(-u . use(o)) of one slot, summing to 1: an exponential tilt [R], in logs so that nothing underflows */
export const tilted = (
  choices: readonly Option[],
  constraints: readonly Constraint[],
  tilt: readonly number[],
): number[] =>
  softmax(
    choices.map(({ gain, costs }) =>
      constraints.reduce((sum, { at, sign }, index) => sum - tilt[index] * (sign * costs[at]), gain),
    ),
  );

/**
 * The tilt u >= 0, one a constraint, under which no mean use is above its most, and is the most itself where u > 0: the
 * minimum of the convex log Z(u) + u . most, one coordinate at a time.
 */
export function tiltFor(choices: Options, constraints: readonly Constraint[]): number[] {
  const tilt = constraints.map(() => 0);
  const meanUse = (index: number): number => {
    const { at, sign } = constraints[index];
    let sum = 0;
    for (const slot of choices) {
      const weights = tilted(slot, constraints, tilt);
      for (let i = 0; i < slot.length; i++) sum += weights[i] * (sign * slot[i].costs[at]);
    }
    return sum;
  };
  const sweeps = constraints.length > 1 ? 4 : 1;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const [index, { most }] of constraints.entries()) {
      tilt[index] = 0;
      if (meanUse(index) <= most) continue;
      let low = 0;
      let high = 1e-15;
      tilt[index] = high;
      // past 1 a unit (a multiply-add, a parameter), only the cheapest is left anyway
      while (meanUse(index) > most && high < 1) {
        low = high;
        high *= 4;
        tilt[index] = high;
      }
      for (let i = 0; i < 30; i++) {
        tilt[index] = (low + high) / 2;
        if (meanUse(index) > most) low = tilt[index];
        else high = tilt[index];
      }
      tilt[index] = high;
    }
  }
  return tilt;
}
