import type { Budget, CostTable } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Alive, Architecture } from "../domain/space.js";
import type { Rng } from "../util/rng.js";
import { likeliest } from "./best.js";
import { type Constraint, constraintsOf, limitsOf, withinLimits } from "./budget.js";
import { gridSampler } from "./draw-grid.js";
import { metricsOf, type Option, optionsOf } from "./options.js";
import { tilted, tiltFor } from "./tilt.js";
import { budgetKey, widen } from "./written.js";

/** refusals before the next way is tried */
export interface Refusals {
  readonly tilted: number;
  readonly plainGrid: number;
  readonly tiltedGrid: number;
}

const usual: Refusals = { tilted: 2000, plainGrid: 2000, tiltedGrid: 500_000 };

/**
 * Draws an architecture from the product of the slots' distributions, given that it is within the budget: exact,
 * P(a | within), by rejection [R]. A tight budget would refuse nearly every plain draw, so the proposal is tilted
 * towards it, q(o) ~ p(o) exp(-u . use(o)), and a draw within the budget is taken with probability
 * exp(u . (use(a) - most)): the product is p(a) again, up to a constant. Where that is refused again and again (a narrow
 * window of a metric, a distribution all but certain of what is too dear), the proposal is drawn given that it comes near the
 * window, see draw-grid.ts: first of p itself, then of q. Each way alone is exact, so their sequence is.
 *
 * @param probabilities [slot][candidate], not negative; those not alive are left out, and need not sum to 1
 * @returns null where no architecture alive and possible is within the budget
 * @throws DanasError E_BUDGET_NARROW where there are some, but so few that none was met
 */
export const drawWithin = <M extends string>(
  rng: Rng,
  table: CostTable<M>,
  probabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget<M>,
): Architecture | null => drawer(table, probabilities, alive, budget)(rng);

/** `drawWithin` for many draws from the same distribution: what can be prepared once is. */
export function drawer<M extends string>(
  table: CostTable<M>,
  probabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget<M>,
  refusals: Refusals = usual,
): (rng: Rng) => Architecture | null {
  const logs = probabilities.map((row) => row.map(Math.log));
  const choices = optionsOf(table, logs, alive);
  if (choices.some((slot) => slot.length === 0)) return () => null;
  const limits = limitsOf(table, budget);
  const constraints = constraintsOf(limits);
  const none = constraints.map(() => 0);
  const tilt = tiltFor(choices, constraints);
  const weights = choices.map((slot) => tilted(slot, constraints, tilt));
  const total = choices[0][0].costs.map(() => 0);
  const within = (rng: Rng, chosen: readonly Option[], by: readonly number[]): boolean => {
    for (let i = 0; i < total.length; i++) {
      total[i] = 0;
      for (const { costs } of chosen) total[i] += costs[i];
    }
    if (!withinLimits(total, limits)) return false;
    const below = excess(total, constraints, by);
    return below === 0 || rng.next() < Math.exp(below);
  };
  const plainGrid = lazily(() =>
    gridSampler(
      choices,
      choices.map((slot) => tilted(slot, constraints, none)),
      limits,
    ),
  );
  const tiltedGrid = lazily(() => gridSampler(choices, weights, limits));
  return (rng) => {
    for (let i = 0; i < refusals.tilted; i++) {
      const chosen = choices.map((slot, index) => slot[rng.pick(weights[index])]);
      if (within(rng, chosen, tilt)) return architectureOf(chosen);
    }
    for (const [sampler, by, attempts] of [
      [plainGrid, none, refusals.plainGrid],
      [tiltedGrid, tilt, refusals.tiltedGrid],
    ] as const) {
      for (let i = 0; i < attempts; i++) {
        const chosen = sampler()?.(rng);
        if (chosen === undefined) break;
        if (within(rng, chosen, by)) return architectureOf(chosen);
      }
    }
    if (likeliest(choices, limits) === null) return null;
    const tried = refusals.tilted + refusals.plainGrid + refusals.tiltedGrid;
    throw new DanasError("E_BUDGET_NARROW", `hardly a network is within the budget: none in ${tried} draws`, {
      hint: hintFor(table, budget),
    });
  };
}

const architectureOf = (chosen: readonly Option[]): number[] => chosen.map(({ candidate }) => candidate);

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function hintFor<M extends string>(table: CostTable<M>, budget: Budget<M>): string {
  const narrow = metricsOf(table).find(
    (metric) => budget[metric]?.least !== undefined && budget[metric].most !== undefined,
  );
  return narrow
    ? `let budget.${budgetKey(narrow, "least")} and budget.${budgetKey(narrow, "most")} lie further apart`
    : `${widen.most}, or ${widen.least}`;
}

/** u . (use - most): not above 0 within the budget */
function excess(costs: readonly number[], constraints: readonly Constraint[], tilt: readonly number[]): number {
  let sum = 0;
  for (const [index, { at, sign, most }] of constraints.entries()) {
    if (tilt[index] > 0) sum += tilt[index] * (sign * costs[at] - most);
  }
  return sum;
}
