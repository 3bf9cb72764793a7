import type { Budget, Cost, CostTable } from "../domain/cost.js";

/**
 * MACs above the cheapest network, counted in cells. Each choice is rounded down by less than a cell, so n of them that
 * fill c cells cost c cells at least and less than c + n: what a sum over cells calls impossible is impossible, and what it
 * calls possible is so but for n cells at the window's ends. Where a cell is one multiply-add, it is exact.
 */
export interface Grid {
  /** MACs in a cell */
  readonly cell: number;
  /** cells 0 … size - 1: as far as the budget reaches */
  readonly size: number;
  /** [slot][option]: cells that it fills */
  readonly filled: readonly (readonly number[])[];
  /** MACs above the cheapest network that the budget asks for and allows */
  readonly low: number;
  readonly high: number;
  /** per slot: MACs of its cheapest option */
  readonly cheapest: readonly number[];
}

/** @returns null where not even the cheapest is within the most MACs, or the costliest has fewer than the least */
export function makeGrid(
  table: CostTable,
  options: readonly (readonly Cost[])[],
  budget: Budget,
  cells: number,
): Grid | null {
  const cheapest = options.map((slot) => Math.min(...slot.map(({ macs }) => macs)));
  const costliest = options.map((slot) => Math.max(...slot.map(({ macs }) => macs)));
  const base = cheapest.reduce((sum, macs) => sum + macs, table.fixed.macs);
  const span = costliest.reduce((sum, macs) => sum + macs, table.fixed.macs) - base;
  const high = Math.min(span, (budget.maxMacs ?? Number.POSITIVE_INFINITY) - base);
  const low = Math.max(0, (budget.minMacs ?? 0) - base);
  if (high < 0 || low > span) return null;
  const cell = Math.ceil((high + 1) / cells);
  return {
    cell,
    size: Math.floor(high / cell) + 1,
    filled: options.map((slot, index) => slot.map(({ macs }) => Math.floor((macs - cheapest[index]) / cell))),
    low,
    high,
    cheapest,
  };
}
