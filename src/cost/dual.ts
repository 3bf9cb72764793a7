import { prefixSums } from "../util/numeric.js";
import { type Limit, withinLimits } from "./budget.js";
import type { Option, Options } from "./options.js";

/** Likelihoods nearer to each other than this, relative, are one: a bound is a sum in another order than a solution's. */
export const rounding = 1e-11;

/**
 * Prices that make a bound [R]: whatever they are, no choice within the limits gains more than
 * sum over slots of max_o (gain_o - sum over metrics of price x cost_o) + sum over metrics of price x limit,
 * where the limit is the most if the price is positive, and the least if it is negative: then the metric is wanted. One a
 * limit, in their order.
 */
export type Prices = readonly number[];

export interface Dual {
  /** they make the bound nearly as low as it can be */
  readonly prices: Prices;
  /** -Infinity = nothing is within the limits */
  readonly bound: number;
  /** gain of the best choice within the limits met on the way; -Infinity where none was */
  readonly reached: number;
}

/** what the limits left over are worth, once a partial choice has used so much */
export function worthLeft(limits: readonly Limit[], prices: Prices, costs: readonly number[]): number {
  let worth = 0;
  for (let i = 0; i < limits.length; i++) {
    const { at, least, most } = limits[i];
    if (prices[i] > 0) worth += prices[i] * (most - costs[at]);
    if (prices[i] < 0) worth += prices[i] * (least - costs[at]);
  }
  return worth;
}

export function penalised({ gain, costs }: Option, limits: readonly Limit[], prices: Prices): number {
  let worth = gain;
  for (let i = 0; i < limits.length; i++) worth -= prices[i] * costs[limits[i].at];
  return worth;
}

interface Relaxed {
  readonly prices: Prices;
  readonly bound: number;
  /** of the limited metrics, by the choice that the prices make best */
  readonly used: readonly number[];
}

type Relax = (prices: Prices) => Relaxed;

/** Minimises the bound: it is convex in the prices, and piecewise linear. */
export function solveDual(options: Options, limits: readonly Limit[]): Dual {
  let reached = Number.NEGATIVE_INFINITY;
  // by columns, one slot after the other: this is the innermost loop of every exact answer
  const all = options.flat();
  const ends = prefixSums(options.map((slot) => slot.length)).slice(1);
  const gains = new Float64Array(all.map(({ gain }) => gain));
  const columns = limits.map(({ at }) => new Float64Array(all.map(({ costs }) => costs[at])));
  const worths = new Float64Array(all.length);
  const chosen = new Int32Array(ends.length);
  const nothing = all[0].costs.map(() => 0);
  const relax: Relax = (prices) => {
    worths.set(gains);
    for (let limit = 0; limit < prices.length; limit++) {
      const [price, costs] = [prices[limit], columns[limit]];
      if (price !== 0) for (let i = 0; i < worths.length; i++) worths[i] -= price * costs[i];
    }
    let bound = 0;
    let gain = 0;
    let i = 0;
    for (let slot = 0; slot < chosen.length; slot++) {
      let best = i;
      let most = worths[i];
      for (i++; i < ends[slot]; i++) {
        if (worths[i] > most) {
          best = i;
          most = worths[i];
        }
      }
      chosen[slot] = best;
      bound += most;
      gain += gains[best];
    }
    const used = nothing.slice();
    for (const [limit, { at }] of limits.entries()) {
      const costs = columns[limit];
      for (let slot = 0; slot < chosen.length; slot++) used[at] += costs[chosen[slot]];
    }
    if (gain > reached && withinLimits(used, limits)) reached = gain;
    return { prices, bound: bound + worthLeft(limits, prices, nothing), used };
  };
  const worst = options.reduce((sum, slot) => sum + Math.min(...slot.map(({ gain }) => gain)), 0);
  const free = limits.map(() => 0);
  const best = priceUpTo(limits.length - 1, free, relax, limits, worst);
  return { prices: best.prices, bound: best.bound, reached };
}

/** factor between the prices tried first, and halvings or golden sections after that */
interface Pace {
  readonly growth: number;
  readonly sections: number;
}

/** every further price multiplies the work: more than two are sought less finely */
const paceFor = (prices: number): Pace => (prices > 2 ? { growth: 64, sections: 16 } : { growth: 4, sections: 40 });

/** the best prices of a limit and those before it, where those after it are given */
function priceUpTo(index: number, given: Prices, relax: Relax, limits: readonly Limit[], worst: number): Relaxed {
  if (index < 0) return relax(given);
  const pace = paceFor(limits.length);
  if (index === 0) return bisect((price) => relax(given.with(0, price)), limits[0], pace);
  const at = (price: number) => priceUpTo(index - 1, given.with(index, price), relax, limits, worst);
  return golden(at, limits[index], index, worst, pace);
}

/** the first price: by bisection, for what is used of the metric falls as its price rises */
function bisect(
  at: (price: number) => Relaxed,
  { at: metric, least, most }: Limit,
  { growth, sections }: Pace,
): Relaxed {
  const free = at(0);
  const sign = free.used[metric] > most ? 1 : free.used[metric] < least ? -1 : 0;
  if (sign === 0) return free;
  const enough = ({ used }: Relaxed) => (sign > 0 ? used[metric] <= most : used[metric] >= least);
  const size = ({ prices }: Relaxed) => Math.abs(prices[0]);
  let low = free;
  let high = at(sign * 1e-15);
  while (!enough(high) && size(high) < 1e12) {
    low = high;
    high = at(sign * growth * size(high));
  }
  for (let i = 0; i < sections; i++) {
    const middle = at((sign * (size(low) + size(high))) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return low.bound < high.bound ? low : high;
}

const ratio = (Math.sqrt(5) - 1) / 2;

/**
 * A further price, those before it being the best at each: by a golden-section search. Positive where there is a most, and
 * negative where that does not lower the bound and there is a least.
 *
 * @param worst less than any choice gains
 */
function golden(
  at: (price: number) => Relaxed,
  { least, most }: Limit,
  index: number,
  worst: number,
  { growth, sections }: Pace,
): Relaxed {
  let best = at(0);
  for (const sign of [
    ...(most < Number.POSITIVE_INFINITY ? [1] : []),
    ...(least > Number.NEGATIVE_INFINITY ? [-1] : []),
  ]) {
    if (best.prices[index] !== 0) break;
    const visit = (size: number): Relaxed => {
      const visited = at(sign * size);
      if (visited.bound < best.bound) best = visited;
      return visited;
    };
    const sizeOf = ({ prices }: Relaxed) => Math.abs(prices[index]);
    let high = visit(1e-12);
    for (let last = best; high.bound <= last.bound && sizeOf(high) < 1e12; ) {
      last = high;
      high = visit(growth * sizeOf(high));
      // however dear, or wanted: it does not suffice
      if (high.bound < worst - 1 - Math.abs(worst)) return { ...high, bound: Number.NEGATIVE_INFINITY };
    }
    let [from, to] = [0, sizeOf(high)];
    let left = visit(to - ratio * (to - from));
    let right = visit(from + ratio * (to - from));
    for (let i = 0; i < sections; i++) {
      if (left.bound <= right.bound) {
        to = sizeOf(right);
        right = left;
        left = visit(to - ratio * (to - from));
      } else {
        from = sizeOf(left);
        left = right;
        right = visit(from + ratio * (to - from));
      }
    }
  }
  return best;
}
