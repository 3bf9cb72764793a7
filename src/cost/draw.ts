import type { Budget, CostTable } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Alive, Architecture } from "../domain/space.js";
import type { Rng } from "../util/rng.js";
import { mostLikelyWithin } from "./best.js";
import { type Constraint, constraintsOf, withinBudget } from "./budget.js";
import { gridSampler } from "./draw-grid.js";
import { architectureCost } from "./table.js";
import { type Choice, tilted, tiltFor } from "./tilt.js";

/** refusals before the next way is tried */
export interface Patience {
  readonly tilted: number;
  readonly plainGrid: number;
  readonly tiltedGrid: number;
}

const usual: Patience = { tilted: 2000, plainGrid: 2000, tiltedGrid: 500_000 };

/**
 * Draws an architecture from the product of the slots' distributions, given that it is within the budget: exact,
 * P(a | within), by rejection [R]. A tight budget would refuse nearly every plain draw, so the proposal is tilted
 * towards it, q(o) ~ p(o) exp(-u . use(o)), and a draw within the budget is taken with probability
 * exp(u . (use(a) - limit)): the product is p(a) again, up to a constant. Where that is refused again and again (a narrow
 * window of MACs, a distribution all but certain of what is too dear), the proposal is drawn given that it comes near the
 * budget's window, see draw-grid.ts: first of p itself, then of q. Each way alone is exact, so their sequence is.
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
  const none = constraints.map(() => 0);
  const tilt = tiltFor(choices, constraints);
  const weights = choices.map((slot) => tilted(slot, constraints, tilt));
  const within = (rng: Rng, architecture: Architecture, by: readonly number[]): boolean => {
    const cost = architectureCost(table, architecture);
    if (!withinBudget(cost, budget)) return false;
    const below = excess(cost, table, constraints, by);
    return below === 0 || rng.next() < Math.exp(below);
  };
  const plainGrid = lazily(() =>
    gridSampler(
      table,
      choices,
      choices.map((slot) => tilted(slot, constraints, none)),
      budget,
    ),
  );
  const tiltedGrid = lazily(() => gridSampler(table, choices, weights, budget));
  return (rng) => {
    for (let i = 0; i < patience.tilted; i++) {
      const architecture = choices.map((slot, index) => slot[rng.pick(weights[index])].candidate);
      if (within(rng, architecture, tilt)) return architecture;
    }
    for (const [sampler, by, attempts] of [
      [plainGrid, none, patience.plainGrid],
      [tiltedGrid, tilt, patience.tiltedGrid],
    ] as const) {
      for (let i = 0; i < attempts; i++) {
        const architecture = sampler()?.(rng);
        if (architecture === undefined) break;
        if (within(rng, architecture, by)) return architecture;
      }
    }
    if (mostLikelyWithin(table, logs(choices, table), alive, budget) === null) return null;
    const tried = patience.tilted + patience.plainGrid + patience.tiltedGrid;
    throw new DanasError("E_BUDGET_NARROW", `hardly a network is within the budget: none in ${tried} draws`, {
      hint: "let budget.minMacs and budget.maxMacs lie further apart",
    });
  };
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
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
