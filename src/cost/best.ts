import type { Budget, CostTable } from "../domain/cost.js";
import type { Alive, Architecture } from "../domain/space.js";
import { limitsOf, withinBudget } from "./budget.js";
import { solveDual } from "./dual.js";
import { searchFrontier } from "./frontier.js";
import { architectureCost } from "./table.js";
import { searchWindow } from "./window.js";

export interface Likeliest {
  readonly architecture: Architecture;
  /** sum over slots of the log-probability of the choice, nats */
  readonly logProbability: number;
}

/** a candidate that may be chosen: what it adds to the log-probability, and what it costs */
export interface Option {
  readonly candidate: number;
  readonly gain: number;
  readonly macs: number;
  readonly params: number;
}

/**
 * The most likely architecture within a budget, exactly: a multiple-choice knapsack [R], solved slot by slot over the
 * partial architectures that no other one dominates (frontier.ts), pruned by a Lagrangian bound (dual.ts).
 *
 * Among equally likely ones the one with the fewest MACs is taken, then the fewest parameters, then the first in the order
 * of the candidates: a replay on another machine must choose the same. Only where the likeliest network has fewer than
 * `minMacs` is a tie broken otherwise, though always the same way: there, "the fewest MACs, at least so many" is a subset
 * sum, and as hard.
 *
 * @param logProbabilities [slot][candidate]; -Infinity = impossible
 * @returns null where no architecture alive and possible is within the budget
 */
export function mostLikelyWithin(
  table: CostTable,
  logProbabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget,
): Likeliest | null {
  const options = alive.map((candidates, slot) =>
    candidates
      .filter((candidate) => logProbabilities[slot][candidate] > Number.NEGATIVE_INFINITY)
      .map((candidate) => ({ candidate, gain: logProbabilities[slot][candidate], ...table.slots[slot][candidate] })),
  );
  if (options.some((slot) => slot.length === 0)) return null;
  const solve = (of: Budget): Likeliest | null => {
    const limits = limitsOf(table, of);
    return searchFrontier(options, limits, solveDual(options, limits));
  };
  if (budget.minMacs === null) return solve(budget);
  // where MACs are limited from both sides little dominates; mostly one of the two alone already decides
  const relaxations: Budget[] = [{ ...budget, minMacs: null }];
  // more MACs with few parameters: among ties that is a knapsack of its own
  if (budget.maxParams === null) relaxations.push({ ...budget, maxMacs: null });
  for (const relaxed of relaxations) {
    const best = solve(relaxed);
    if (best === null || withinBudget(architectureCost(table, best.architecture), budget)) return best;
  }
  return searchWindow(table, options, budget);
}
