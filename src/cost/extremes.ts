import type { Budget, Cost, CostTable } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Alive, Architecture } from "../domain/space.js";
import { formatMacs } from "../util/units.js";
import { architectureCost } from "./table.js";

export interface Extreme extends Cost {
  readonly architecture: Architecture;
}

/** The networks with the least and the most MACs of those alive; among equals the one with fewer parameters, then the first. */
export function extremes(table: CostTable, alive: Alive = everything(table)): { smallest: Extreme; largest: Extreme } {
  const pick = (sign: 1 | -1): Extreme => {
    const architecture = alive.map((candidates, slot) =>
      candidates.reduce((best, candidate) => {
        const [a, b] = [table.slots[slot][best], table.slots[slot][candidate]];
        return sign * (b.macs - a.macs) < 0 || (b.macs === a.macs && b.params < a.params) ? candidate : best;
      }),
    );
    return { architecture, ...architectureCost(table, architecture) };
  };
  return { smallest: pick(1), largest: pick(-1) };
}

const everything = (table: CostTable): Alive => table.slots.map((costs) => costs.map((_, index) => index));

export const withinBudget = (cost: Cost, budget: Budget): boolean =>
  (budget.maxMacs === null || cost.macs <= budget.maxMacs) &&
  (budget.minMacs === null || cost.macs >= budget.minMacs) &&
  (budget.maxParams === null || cost.params <= budget.maxParams);

/** @throws DanasError E_BUDGET_UNREACHABLE where no network alive can be within the budget */
export function checkReachable(table: CostTable, budget: Budget, alive?: Alive): void {
  const { smallest, largest } = extremes(table, alive);
  const unreachable = (message: string, hint: string) => {
    throw new DanasError("E_BUDGET_UNREACHABLE", message, { hint });
  };
  if (budget.maxMacs !== null && smallest.macs > budget.maxMacs) {
    unreachable(
      `the smallest architecture needs ${formatMacs(smallest.macs)} MACs, the budget is ${formatMacs(budget.maxMacs)}`,
      "raise budget.maxMacs, or use a smaller space or input",
    );
  }
  if (budget.minMacs !== null && largest.macs < budget.minMacs) {
    unreachable(
      `the largest architecture needs ${formatMacs(largest.macs)} MACs, the budget asks for at least ${formatMacs(budget.minMacs)}`,
      "lower budget.minMacs, or use a larger space or input",
    );
  }
  const { maxParams } = budget;
  const fewest = table.slots.reduce(
    (sum, costs, slot) => sum + Math.min(...(alive?.[slot] ?? costs.map((_, i) => i)).map((i) => costs[i].params)),
    table.fixed.params,
  );
  if (maxParams !== null && fewest > maxParams) {
    unreachable(
      `the architecture with the fewest parameters has ${formatMacs(fewest)}, the budget is ${formatMacs(maxParams)}`,
      "raise budget.maxParams, or use a smaller space",
    );
  }
}
