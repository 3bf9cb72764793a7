import type { Budget, CostTable } from "../domain/cost.js";
import type { Alive } from "../domain/space.js";
import { isLimited, type Limit, limitsOf, withinLimits } from "./budget.js";
import { solveDual } from "./dual.js";
import { searchFrontier } from "./frontier.js";
import { type Likeliest, type Options, optionsOf, totalOf } from "./options.js";
import { searchWindow } from "./window.js";

/**
 * The most likely architecture within a budget, exactly: a multiple-choice knapsack [R], solved slot by slot over the
 * partial architectures that no other one dominates (frontier.ts), pruned by a Lagrangian bound (dual.ts).
 *
 * Among equally likely ones the cheapest is taken, metric by metric in the table's order (the fewest MACs, then the fewest
 * parameters), then the first in the order of the candidates: a replay on another machine must choose the same. Only where
 * the likeliest network has less than a least (`budget.minMacs`) is a tie broken otherwise, though always the same way:
 * there, "the fewest MACs, at least so many" is a subset sum, and as hard.
 *
 * @param logProbabilities [slot][candidate]; -Infinity = impossible
 * @returns null where no architecture alive and possible is within the budget
 */
export const mostLikelyWithin = <M extends string>(
  table: CostTable<M>,
  logProbabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget<M>,
): Likeliest | null => likeliest(optionsOf(table, logProbabilities, alive), limitsOf(table, budget));

/** `mostLikelyWithin`, of options already laid out */
export function likeliest(options: Options, limits: readonly Limit[]): Likeliest | null {
  if (options.some((slot) => slot.length === 0)) return null;
  const solve = (within: readonly Limit[]) => searchFrontier(options, within, solveDual(options, within));
  const withoutLeast = limits.map((limit) => ({ ...limit, least: Number.NEGATIVE_INFINITY })).filter(isLimited);
  if (limits.every(({ least }) => least === Number.NEGATIVE_INFINITY)) return solve(limits);
  // where a metric is limited from both sides little dominates; mostly one of the two alone already decides
  const relaxations = [withoutLeast];
  // more of one with less of another: among ties that is a knapsack of its own
  if (limits.length === 1) relaxations.push([{ ...limits[0], most: Number.POSITIVE_INFINITY }]);
  for (const relaxed of relaxations) {
    const best = solve(relaxed);
    if (best === null || withinLimits(totalOf(options, best.architecture), limits)) return best;
  }
  return searchWindow(options, limits);
}
