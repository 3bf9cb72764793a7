import type { Budget, CostTable } from "../domain/cost.js";
import type { Likeliest, Option } from "./best.js";
import { type Limits, limitsOf } from "./budget.js";
import { rounding, solveDual } from "./dual.js";
import { searchFrontier } from "./frontier.js";
import { type Grid, makeGrid } from "./grid.js";

export interface Effort {
  /** of the grid: fine enough that a window of a thousandth of the range is many cells; some 50 ms for 21 slots of 19 candidates */
  readonly cells: number;
  /** steps of a descent: it is there to find something good, not to prove that it is the best */
  readonly steps: number;
}

const usual: Effort = { cells: 32_768, steps: 100_000 };

/**
 * The likeliest architecture of a window, `minMacs` to `maxMacs`, neither of which decides alone. A bound from a grid over
 * the rest's MACs guides a descent, likeliest first; where what it finds reaches the bound (as among ties, of which there
 * may be astronomically many) that is the best, else the frontier looks for something strictly better.
 */
export function searchWindow(
  table: CostTable,
  options: readonly (readonly Option[])[],
  budget: Budget,
  effort: Effort = usual,
): Likeliest | null {
  const limits = limitsOf(table, budget);
  const grid = makeGrid(table, options, budget, effort.cells);
  const dual = solveDual(options, limits);
  if (grid === null || dual.bound === Number.NEGATIVE_INFINITY) return null;
  const bounds = boundsOf(grid, options, limits, dual.params);
  const bound = Math.min(dual.bound, bounds(0, 0, 0));
  const reaches = (found: Likeliest | null) => found !== null && bound <= found.logProbability + slackOf(bound);
  if (bound === Number.NEGATIVE_INFINITY) return null;
  let found = descend(grid, options, limits, bounds, effort.steps, null);
  if (reaches(found)) return found;
  if (limits.mostParams < Number.POSITIVE_INFINITY) {
    // parameters so dear that nothing else counts: the way to where there are few
    found = descend(grid, options, limits, boundsOf(grid, options, limits, dearest(options)), effort.steps, found);
    if (reaches(found)) return found;
  }
  const known = found?.logProbability ?? Number.NEGATIVE_INFINITY;
  const from = prefixSums(grid.cheapest);
  const restBound = (slot: number, macs: number, params: number) => bounds(slot, macs - from[slot], params);
  return searchFrontier(options, limits, dual, { known, restBound }) ?? found;
}

const slackOf = (bound: number): number => rounding * Math.max(1, Math.abs(bound));

const prefixSums = (values: readonly number[]): number[] => {
  const sums = [0];
  for (const value of values) sums.push(sums[sums.length - 1] + value);
  return sums;
};

/** a price of parameters under which one of them outweighs any log-probability */
const dearest = (options: readonly (readonly Option[])[]): number =>
  1 + options.reduce((sum, slot) => sum + Math.max(...slot.map(({ gain }) => Math.abs(gain))), 0);

/**
 * The most that the slots from `slot` on can gain so that the whole may lie within the limits, once those before have used
 * so many MACs above the cheapest, and so many parameters.
 */
type Bounds = (slot: number, above: number, params: number) => number;

/** @param price of a parameter: what is left of the limit counts as gain [R] */
function boundsOf(grid: Grid, options: readonly (readonly Option[])[], limits: Limits, price: number): Bounds {
  const { cell, size, low, high } = grid;
  const slots = options.length;
  let gains = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  gains[0] = 0;
  const table = new Array<Float64Array>(slots + 1);
  for (let slot = slots; slot >= 0; slot--) {
    if (slot < slots) gains = extended(gains, options[slot], grid.filled[slot], price);
    const rest = slots - slot;
    // what filled k cells may have cost up to cell - 1 more, and so may each choice of the rest
    const lost = (rest + 1) * (cell - 1);
    table[slot] = slidingMaximum(
      gains,
      (k) => Math.max(0, Math.ceil((low - k * cell - lost) / cell)),
      (k) => Math.floor((high - k * cell) / cell),
    );
  }
  return (slot, above, params) => {
    const k = Math.floor(above / cell);
    if (k >= size) return Number.NEGATIVE_INFINITY;
    return table[slot][k] + (price > 0 ? price * (limits.mostParams - params) : 0);
  };
}

/** max-plus convolution with one more slot */
function extended(
  gains: Float64Array,
  options: readonly Option[],
  filled: readonly number[],
  price: number,
): Float64Array<ArrayBuffer> {
  const next = new Float64Array(gains.length).fill(Number.NEGATIVE_INFINITY);
  for (const [index, { gain, params }] of options.entries()) {
    const by = filled[index];
    const worth = gain - price * params;
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

/** Depth first, the most promising choice first, until nothing better is in sight or patience ends. */
function descend(
  grid: Grid,
  options: readonly (readonly Option[])[],
  limits: Limits,
  bounds: Bounds,
  patience: number,
  known: Likeliest | null,
): Likeliest | null {
  const slots = options.length;
  const fewestParams = [0];
  for (const slot of [...options].reverse()) {
    fewestParams.unshift(fewestParams[0] + Math.min(...slot.map(({ params }) => params)));
  }
  const slack = slackOf(bounds(0, 0, 0));
  const chosen: number[] = [];
  let best = known;
  let steps = 0;
  const visit = (slot: number, above: number, params: number, gain: number): void => {
    if (slot === slots) {
      if (above < grid.low || above > grid.high || (best && gain <= best.logProbability)) return;
      best = { architecture: [...chosen], logProbability: gain };
      return;
    }
    const next = options[slot]
      .map((option) => {
        const then = above + option.macs - grid.cheapest[slot];
        const hope = gain + option.gain + bounds(slot + 1, then, params + option.params);
        return { option, above: then, hope };
      })
      .filter(
        ({ option, hope }) =>
          hope > Number.NEGATIVE_INFINITY && params + option.params + fewestParams[slot + 1] <= limits.mostParams,
      )
      .sort((a, b) => b.hope - a.hope || a.option.candidate - b.option.candidate);
    for (const { option, above, hope } of next) {
      if (steps >= patience || (best !== null && hope <= best.logProbability + slack)) return;
      steps++;
      chosen[slot] = option.candidate;
      visit(slot + 1, above, params + option.params, gain + option.gain);
    }
  };
  visit(0, 0, 0, 0);
  return best;
}
