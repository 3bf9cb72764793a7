import { type Budget, type Cost, type CostTable, type Metric, metrics } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Alive, Architecture } from "../domain/space.js";
import { amount } from "../util/units.js";
import { mostLikelyWithin } from "./best.js";
import { budgetKey, widen } from "./budget.js";
import { metricsOf } from "./options.js";
import { architectureCost } from "./table.js";

export { withinBudget } from "./budget.js";

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
  const end = (metric: Metric, pick: (...costs: number[]) => number) =>
    alive.reduce(
      (sum, candidates, slot) => sum + pick(...candidates.map((candidate) => table.slots[slot][candidate][metric])),
      table.fixed[metric],
    );
  for (const metric of metricsOf(table)) {
    const { least, most } = budget[metric] ?? {};
    const words = metrics[metric];
    const fewest = end(metric, Math.min);
    if (most !== undefined && fewest > most) {
      throw unreachable(
        `${words.least(amount(fewest))}, the budget is ${amount(most)}`,
        `raise budget.${budgetKey(metric, "most")}, or ${words.lower}`,
      );
    }
    const highest = end(metric, Math.max);
    if (least !== undefined && highest < least) {
      throw unreachable(
        `${words.most(amount(highest))}, the budget asks for at least ${amount(least)}`,
        `lower budget.${budgetKey(metric, "least")}, or ${words.higher}`,
      );
    }
  }
  const even = table.slots.map((costs) => costs.map(() => 0));
  if (mostLikelyWithin(table, even, alive, budget) === null) {
    throw unreachable(
      `each limit of the budget can be kept, but not all at once: ${limitsInWords(table, budget)}`,
      `${widen.most}, or ${widen.least}`,
    );
  }
}

const unreachable = (message: string, hint: string): DanasError =>
  new DanasError("E_BUDGET_UNREACHABLE", message, { hint });

const limitsInWords = (table: CostTable, budget: Budget): string =>
  metricsOf(table)
    .flatMap((metric) => {
      const { least, most } = budget[metric] ?? {};
      const { title } = metrics[metric];
      return [
        ...(least === undefined ? [] : [`at least ${amount(least)} ${title}`]),
        ...(most === undefined ? [] : [`at most ${amount(most)} ${title}`]),
      ];
    })
    .join(", ");
