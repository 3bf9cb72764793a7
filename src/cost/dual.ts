import type { Option } from "./best.js";
import type { Limits } from "./budget.js";

/** Likelihoods nearer to each other than this, relative, are one: a bound is a sum in another order than a solution's. */
export const rounding = 1e-11;

/**
 * Prices that make a bound [R]: whatever they are, no choice within the limits gains more than
 * sum over slots of max_o (gain_o - macs x macs_o - params x params_o) + macs x limit of MACs + params x most parameters,
 * where the limit of MACs is the most if their price is positive, and the least if it is negative: then they are wanted.
 */
export interface Prices {
  readonly macs: number;
  /** not negative */
  readonly params: number;
}

export interface Dual extends Prices {
  /** the bound at these prices, which make it nearly as low as it can be; -Infinity = nothing is within the limits */
  readonly bound: number;
  /** gain of the best choice within the limits met on the way; -Infinity where none was */
  readonly reached: number;
}

/** what the limits left over are worth, once a partial choice has used so much */
export const worthLeft = (limits: Limits, prices: Prices, macs: number, params: number): number =>
  (prices.macs > 0 ? prices.macs * (limits.mostMacs - macs) : 0) +
  (prices.macs < 0 ? prices.macs * (limits.leastMacs - macs) : 0) +
  (prices.params > 0 ? prices.params * (limits.mostParams - params) : 0);

export const penalised = ({ gain, macs, params }: Option, prices: Prices): number =>
  gain - prices.macs * macs - prices.params * params;

interface Relaxed extends Prices {
  readonly bound: number;
  readonly usedMacs: number;
}

/** Minimises the bound: it is convex in the prices, and piecewise linear. */
export function solveDual(options: readonly (readonly Option[])[], limits: Limits): Dual {
  let reached = Number.NEGATIVE_INFINITY;
  const relax = (prices: Prices): Relaxed => {
    let [bound, gain, macs, params] = [0, 0, 0, 0];
    for (const slot of options) {
      let best = slot[0];
      let most = penalised(best, prices);
      for (const option of slot) {
        const worth = penalised(option, prices);
        if (worth > most) [best, most] = [option, worth];
      }
      bound += most;
      gain += best.gain;
      macs += best.macs;
      params += best.params;
    }
    const within = macs >= limits.leastMacs && macs <= limits.mostMacs && params <= limits.mostParams;
    if (within && gain > reached) reached = gain;
    return { ...prices, bound: bound + worthLeft(limits, prices, 0, 0), usedMacs: macs };
  };
  const best =
    limits.mostParams === Number.POSITIVE_INFINITY ? priceMacs(relax, limits, 0) : priceBoth(relax, options, limits);
  return { macs: best.macs, params: best.params, bound: best.bound, reached };
}

/** the best price of MACs at a given one of parameters: by bisection, for the MACs used fall as their price rises */
function priceMacs(relax: (prices: Prices) => Relaxed, limits: Limits, params: number): Relaxed {
  const free = relax({ macs: 0, params });
  const sign = free.usedMacs > limits.mostMacs ? 1 : free.usedMacs < limits.leastMacs ? -1 : 0;
  if (sign === 0) return free;
  const enough = ({ usedMacs }: Relaxed) => (sign > 0 ? usedMacs <= limits.mostMacs : usedMacs >= limits.leastMacs);
  const at = (price: number) => relax({ macs: sign * price, params });
  let low = free;
  let high = at(1e-15);
  while (!enough(high) && Math.abs(high.macs) < 1e12) {
    low = high;
    high = at(4 * Math.abs(high.macs));
  }
  for (let i = 0; i < 40; i++) {
    const middle = at(Math.abs(low.macs + high.macs) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return low.bound < high.bound ? low : high;
}

const golden = (Math.sqrt(5) - 1) / 2;

/** both prices: a golden-section search over that of parameters */
function priceBoth(
  relax: (prices: Prices) => Relaxed,
  options: readonly (readonly Option[])[],
  limits: Limits,
): Relaxed {
  const at = (price: number) => priceMacs(relax, limits, price);
  const worst = options.reduce((sum, slot) => sum + Math.min(...slot.map(({ gain }) => gain)), 0);
  let best = at(0);
  const visit = (price: number): Relaxed => {
    const visited = at(price);
    if (visited.bound < best.bound) best = visited;
    return visited;
  };
  let high = visit(1e-12);
  for (let last = best; high.bound <= last.bound && high.params < 1e12; ) {
    last = high;
    high = visit(4 * high.params);
    // less than any choice gains: as dear as they may be, the parameters do not suffice
    if (high.bound < worst - 1 - Math.abs(worst)) return { ...high, bound: Number.NEGATIVE_INFINITY };
  }
  let [from, to] = [0, high.params];
  let left = visit(to - golden * (to - from));
  let right = visit(from + golden * (to - from));
  for (let i = 0; i < 40; i++) {
    if (left.bound <= right.bound) {
      to = right.params;
      right = left;
      left = visit(to - golden * (to - from));
    } else {
      from = left.params;
      left = right;
      right = visit(from + golden * (to - from));
    }
  }
  return best;
}
