import { prefixSums } from "../util/numeric.js";
import { canEndWithin, type Limit } from "./budget.js";
import { type Prices, penalised, rounding, solveDual, worthLeft } from "./dual.js";
import { searchFrontier } from "./frontier.js";
import { type Grid, makeGrid } from "./grid.js";
import { type Likeliest, type Option, type Options, restsOf } from "./options.js";

/** how hard is looked before the frontier is asked */
export interface Thoroughness {
  /** of the grid: fine enough that a window of a thousandth of the range is many cells; some 50 ms for 21 slots of 19 candidates */
  readonly cells: number;
  /** steps of a descent: it is there to find something good, not to prove that it is the best */
  readonly steps: number;
}

const usual: Thoroughness = { cells: 32_768, steps: 100_000 };

/**
 * The likeliest architecture of a window, least to most of a metric, neither of which decides alone. A bound from a grid
 * over the rest's costs guides a descent, likeliest first; where what it finds reaches the bound (as among ties, of which
 * there may be astronomically many) that is the best, else the frontier looks for something strictly better.
 */
export function searchWindow(
  options: Options,
  limits: readonly Limit[],
  thoroughness: Thoroughness = usual,
): Likeliest | null {
  const grid = makeGrid(options, limits, thoroughness.cells);
  const dual = solveDual(options, limits);
  if (grid === null || dual.bound === Number.NEGATIVE_INFINITY) return null;
  // the grid's own metric is counted, the others are priced
  const others = limits.filter(({ at }) => at !== grid.at);
  const bounds = boundsOf(
    grid,
    options,
    others,
    dual.prices.filter((_, index) => limits[index].at !== grid.at),
  );
  const nothing = options[0][0].costs.map(() => 0);
  const bound = Math.min(dual.bound, bounds(0, 0, nothing));
  const reaches = (found: Likeliest | null) => found !== null && bound <= found.logProbability + slackOf(bound);
  if (bound === Number.NEGATIVE_INFINITY) return null;
  let found = descend(grid, options, others, bounds, thoroughness.steps, null);
  if (reaches(found)) return found;
  if (others.length > 0) {
    // the others so dear, or so wanted, that nothing else counts: the way to where there is little of them, or much
    const dear = dearest(options);
    const prices = others.map(({ most }) => (most < Number.POSITIVE_INFINITY ? dear : -dear));
    found = descend(grid, options, others, boundsOf(grid, options, others, prices), thoroughness.steps, found);
    if (reaches(found)) return found;
  }
  const known = found?.logProbability ?? Number.NEGATIVE_INFINITY;
  const from = prefixSums(grid.cheapest);
  const restBound = (slot: number, costs: readonly number[]) => bounds(slot, costs[grid.at] - from[slot], costs);
  return searchFrontier(options, limits, dual, { known, restBound }) ?? found;
}

const slackOf = (bound: number): number => rounding * Math.max(1, Math.abs(bound));

/** a price under which one unit outweighs any log-probability */
const dearest = (options: Options): number =>
  1 + options.reduce((sum, slot) => sum + Math.max(...slot.map(({ gain }) => Math.abs(gain))), 0);

/**
 * The most that the slots from `slot` on can gain so that the whole may lie within the limits, once those before have used
 * so much above the cheapest of the grid's metric, and so much of all.
 */
type Bounds = (slot: number, above: number, costs: readonly number[]) => number;

/** @param prices of the other limits: what is left of them counts as gain [R] */
function boundsOf(grid: Grid, options: Options, others: readonly Limit[], prices: Prices): Bounds {
  const { cell, size, low, high } = grid;
  const slots = options.length;
  let gains = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  gains[0] = 0;
  const table = new Array<Float64Array>(slots + 1);
  const worth = (option: Option) => penalised(option, others, prices);
  for (let slot = slots; slot >= 0; slot--) {
    if (slot < slots) gains = extended(gains, options[slot].map(worth), grid.filled[slot]);
    const rest = slots - slot;
    // what filled k cells may have cost up to cell - 1 more, and so may each choice of the rest
    const lost = (rest + 1) * (cell - 1);
    table[slot] = slidingMaximum(
      gains,
      (k) => Math.max(0, Math.ceil((low - k * cell - lost) / cell)),
      (k) => Math.floor((high - k * cell) / cell),
    );
  }
  return (slot, above, costs) => {
    const k = Math.floor(above / cell);
    if (k >= size) return Number.NEGATIVE_INFINITY;
    return table[slot][k] + worthLeft(others, prices, costs);
  };
}

/** max-plus convolution with one more slot */
function extended(
  gains: Float64Array,
  worths: readonly number[],
  filled: readonly number[],
): Float64Array<ArrayBuffer> {
  const next = new Float64Array(gains.length).fill(Number.NEGATIVE_INFINITY);
  for (const [index, worth] of worths.entries()) {
    const by = filled[index];
    for (let k = by; k < next.length; k++) {
      const sum = worth + gains[k - by];
      if (sum > next[k]) next[k] = sum;
    }
  }
  return next;
}

/** max of values[from(k) … to(k)] for each k; from and to must not rise with k. -Infinity where there is nothing. */
function slidingMaximum(values: Float64Array, from: (k: number) => number, to: (k: number) => number): Float64Array {
  const size = values.length;
  const maxima = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  // indices in the window whose value beats all those above them that are no longer ahead; the first one's is the largest
  const queue = new Int32Array(size);
  let head = 0;
  let tail = 0;
  let next = Math.min(size - 1, to(0));
  for (let k = 0; k < size; k++) {
    const [bottom, top] = [from(k), to(k)];
    for (; next >= bottom; next--) {
      while (tail > head && values[queue[tail - 1]] <= values[next]) tail--;
      queue[tail++] = next;
    }
    while (head < tail && queue[head] > top) head++;
    if (head < tail) maxima[k] = values[queue[head]];
  }
  return maxima;
}

/** Depth first, the most promising choice first, until nothing better is in sight or so many steps are taken. */
function descend(
  grid: Grid,
  options: Options,
  others: readonly Limit[],
  bounds: Bounds,
  most: number,
  known: Likeliest | null,
): Likeliest | null {
  const slots = options.length;
  const rests = restsOf(options);
  const nothing = options[0][0].costs.map(() => 0);
  const total = nothing.slice();
  const slack = slackOf(bounds(0, 0, nothing));
  const chosen: number[] = [];
  let best = known;
  let steps = 0;
  const visit = (slot: number, above: number, costs: readonly number[], gain: number): void => {
    if (slot === slots) {
      if (above < grid.low || above > grid.high || (best && gain <= best.logProbability)) return;
      best = { architecture: [...chosen], logProbability: gain };
      return;
    }
    const next: { option: Option; above: number; hope: number }[] = [];
    for (const option of options[slot]) {
      const then = above + option.costs[grid.at] - grid.cheapest[slot];
      for (let i = 0; i < total.length; i++) total[i] = costs[i] + option.costs[i];
      const hope = gain + option.gain + bounds(slot + 1, then, total);
      if (hope > Number.NEGATIVE_INFINITY && canEndWithin(total, rests[slot + 1], others)) {
        next.push({ option, above: then, hope });
      }
    }
    next.sort((a, b) => b.hope - a.hope || a.option.candidate - b.option.candidate);
    for (const { option, above, hope } of next) {
      if (steps >= most || (best !== null && hope <= best.logProbability + slack)) return;
      steps++;
      chosen[slot] = option.candidate;
      const then = costs.map((cost, metric) => cost + option.costs[metric]);
      visit(slot + 1, above, then, gain + option.gain);
    }
  };
  visit(0, 0, nothing, 0);
  return best;
}
