import type { Budget, Cost, CostTable } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Alive, Architecture } from "../domain/space.js";
import { amount } from "../util/units.js";
import { mostLikelyWithin } from "./best.js";
import { architectureCost } from "./table.js";

export { withinBudget } from "./budget.js";

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

/**
 * That some network alive is within the budget; exact, also where several limits hold at once.
 * @throws DanasError E_BUDGET_UNREACHABLE
 */
export function checkReachable(table: CostTable, budget: Budget, alive: Alive = everything(table)): void {
  const { smallest, largest } = extremes(table, alive);
  const { maxMacs, minMacs, maxParams } = budget;
  if (maxMacs !== null && smallest.macs > maxMacs) {
    throw unreachable(
      `the smallest architecture needs ${amount(smallest.macs)} MACs, the budget is ${amount(maxMacs)}`,
      "raise budget.maxMacs, or use a smaller space or input",
    );
  }
  if (minMacs !== null && largest.macs < minMacs) {
    throw unreachable(
      `the largest architecture has ${amount(largest.macs)} MACs, the budget asks for at least ${amount(minMacs)}`,
      "lower budget.minMacs, or use a larger space or input",
    );
  }
  const fewest = alive.reduce(
    (sum, candidates, slot) => sum + Math.min(...candidates.map((candidate) => table.slots[slot][candidate].params)),
    table.fixed.params,
  );
  if (maxParams !== null && fewest > maxParams) {
    throw unreachable(
      `the architecture with the fewest parameters has ${amount(fewest)}, the budget is ${amount(maxParams)}`,
      "raise budget.maxParams, or use a smaller space",
    );
  }
  const even = table.slots.map((costs) => costs.map(() => 0));
  if (mostLikelyWithin(table, even, alive, budget) === null) {
    throw unreachable(
      `each limit of the budget can be kept, but not all at once: ${limitsInWords(budget)}`,
      "raise budget.maxMacs or budget.maxParams, or lower budget.minMacs",
    );
  }
}

const unreachable = (message: string, hint: string): DanasError =>
  new DanasError("E_BUDGET_UNREACHABLE", message, { hint });

const limitsInWords = ({ maxMacs, minMacs, maxParams }: Budget): string =>
  [
    ...(minMacs === null ? [] : [`at least ${amount(minMacs)} MACs`]),
    ...(maxMacs === null ? [] : [`at most ${amount(maxMacs)} MACs`]),
    ...(maxParams === null ? [] : [`at most ${amount(maxParams)} parameters`]),
  ].join(", ");
