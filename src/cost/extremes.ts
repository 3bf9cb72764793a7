import { type Budget, type Cost, type CostTable, metrics } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Alive, Architecture } from "../domain/space.js";
import { amount } from "../util/units.js";
import { mostLikelyWithin } from "./best.js";
import { metricsOf } from "./options.js";
import { architectureCost } from "./table.js";
import { budgetKey, limitsIn, widen } from "./written.js";

export type Extreme<M extends string> = Cost<M> & { readonly architecture: Architecture };

/**
 * The networks with the least and the most of a table's first metric, MACs, of those alive; among equals the one with less
 * of the others, then the first.
 */
export function extremes<M extends string>(
  table: CostTable<M>,
  alive: Alive = everything(table),
): { smallest: Extreme<M>; largest: Extreme<M> } {
  const [first, ...others] = metricsOf(table);
  const pick = (sign: 1 | -1): Extreme<M> => {
    const order = (a: Cost<M>, b: Cost<M>): number => {
      if (a[first] !== b[first]) return sign * (a[first] - b[first]);
      const differs = others.find((metric) => a[metric] !== b[metric]);
      return differs === undefined ? 0 : a[differs] - b[differs];
    };
    const architecture = alive.map((candidates, slot) =>
      candidates.reduce((best, candidate) =>
        order(table.slots[slot][candidate], table.slots[slot][best]) < 0 ? candidate : best,
      ),
    );
    return { architecture, ...architectureCost(table, architecture) };
  };
  return { smallest: pick(1), largest: pick(-1) };
}

const everything = (table: CostTable<string>): Alive => table.slots.map((costs) => costs.map((_, index) => index));

/**
 * That some network alive is within the budget; exact, also where several limits hold at once.
 * @throws DanasError E_BUDGET_UNREACHABLE
 */
export function checkReachable(table: CostTable, budget: Budget, alive: Alive = everything(table)): void {
  for (const { metric, side, limit } of limitsIn(budget)) {
    const [end, sign] = side === "most" ? [Math.min, 1] : [Math.max, -1];
    const nearest = alive.reduce(
      (sum, candidates, slot) => sum + end(...candidates.map((candidate) => table.slots[slot][candidate][metric])),
      table.fixed[metric],
    );
    const words = metrics[metric].limits[side];
    if (words === undefined || sign * nearest <= sign * limit) continue;
    throw unreachable(
      `${words.nearest(amount(nearest))}, the budget ${side === "most" ? "is" : "asks for at least"} ${amount(limit)}`,
      `${side === "most" ? "raise" : "lower"} budget.${budgetKey(metric, side)}, or ${words.instead}`,
    );
  }
  const even = table.slots.map((costs) => costs.map(() => 0));
  if (mostLikelyWithin(table, even, alive, budget) === null) {
    throw unreachable(
      `each limit of the budget can be kept, but not all at once: ${limitsInWords(budget)}`,
      `${widen.most}, or ${widen.least}`,
    );
  }
}

const unreachable = (message: string, hint: string): DanasError =>
  new DanasError("E_BUDGET_UNREACHABLE", message, { hint });

const limitsInWords = (budget: Budget): string =>
  limitsIn(budget)
    .map(({ metric, side, limit }) => `at ${side} ${amount(limit)} ${metrics[metric].title}`)
    .join(", ");
