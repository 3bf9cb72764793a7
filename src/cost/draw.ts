import type { Budget, CostTable } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Alive, Architecture } from "../domain/space.js";
import type { Rng } from "../util/rng.js";
import { mostLikelyWithin } from "./best.js";
import { type Constraint, constraintsOf, withinBudget } from "./budget.js";
import { type GridSampler, gridSampler } from "./draw-grid.js";
import { architectureCost } from "./table.js";
import { type Choice, tilted, tiltFor } from "./tilt.js";

export interface Patience {
  /** refusals before the grid takes over from plain tilted draws */
  readonly tilted: number;
  /** refusals of draws from the grid before we give up */
  readonly grid: number;
}

const usual: Patience = { tilted: 20_000, grid: 500_000 };

/**
 * Draws an architecture from the product of the slots' distributions, given that it is within the budget: exact,
 * P(a | within), by rejection [R]. A tight budget would refuse nearly every plain draw, so the proposal is tilted
 * towards it, q(o) ~ p(o) exp(-u . use(o)), and a draw within the budget is taken with probability
 * exp(u . (use(a) - limit)): the product is p(a) again, up to a constant. Where even that is refused again and again (a
 * narrow window of MACs), the tilted proposal is drawn given that it comes near the window, see draw-grid.ts.
 *
 * @param probabilities [slot][candidate], not negative; those not alive are left out, and need not sum to 1
 * @returns null where no architecture alive and possible is within the budget
 * @throws DanasError E_BUDGET_NARROW where there are some, but so few that none was met
 */
export const drawWithin = (
  rng: Rng,
  table: CostTable,
  probabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget,
): Architecture | null => drawer(table, probabilities, alive, budget)(rng);

/** `drawWithin` for many draws from the same distribution: what can be prepared once is. */
export function drawer(
  table: CostTable,
  probabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget,
  patience: Patience = usual,
): (rng: Rng) => Architecture | null {
  const choices = alive.map((candidates, slot) =>
    candidates
      .filter((candidate) => probabilities[slot][candidate] > 0)
      .map((candidate) => ({
        candidate,
        logProbability: Math.log(probabilities[slot][candidate]),
        ...table.slots[slot][candidate],
      })),
  );
  if (choices.some((slot) => slot.length === 0)) return () => null;
  const constraints = constraintsOf(table, budget);
  const tilt = tiltFor(choices, constraints);
  const weights = choices.map((slot) => tilted(slot, constraints, tilt));
  const taken = (rng: Rng, architecture: Architecture): boolean => {
    const cost = architectureCost(table, architecture);
    if (!withinBudget(cost, budget)) return false;
    const above = excess(cost, table, constraints, tilt);
    return above === 0 || rng.next() < Math.exp(above);
  };
  let grid: GridSampler | null | undefined;
  return (rng) => {
    for (let i = 0; i < patience.tilted; i++) {
      const architecture = choices.map((slot, index) => slot[rng.pick(weights[index])].candidate);
      if (taken(rng, architecture)) return architecture;
    }
    if (grid === undefined) grid = gridSampler(table, choices, weights, budget);
    if (grid === null) return null;
    for (let i = 0; i < patience.grid; i++) {
      const architecture = grid(rng);
      if (taken(rng, architecture)) return architecture;
    }
    if (mostLikelyWithin(table, logs(choices, table), alive, budget) === null) return null;
    throw new DanasError("E_BUDGET_NARROW", `hardly a network is within the budget: none in ${patience.grid} draws`, {
      hint: "let budget.minMacs and budget.maxMacs lie further apart",
    });
  };
}

/** u . (use - limit): not above 0 within the budget */
function excess(
  cost: { macs: number; params: number },
  { fixed }: CostTable,
  constraints: readonly Constraint[],
  tilt: readonly number[],
): number {
  const own = { macs: cost.macs - fixed.macs, params: cost.params - fixed.params };
  let sum = 0;
  for (const [index, { use, limit }] of constraints.entries()) {
    if (tilt[index] > 0) sum += tilt[index] * (use(own) - limit);
  }
  return sum;
}

/** the table of log-probabilities again, -Infinity for what may not be chosen */
const logs = (choices: readonly (readonly Choice[])[], table: CostTable): number[][] =>
  choices.map((slot, index) => {
    const row = table.slots[index].map(() => Number.NEGATIVE_INFINITY);
    for (const { candidate, logProbability } of slot) row[candidate] = logProbability;
    return row;
  });
