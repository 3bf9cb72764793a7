import { sum } from "../util/numeric.js";
import type { Limit } from "./budget.js";
import type { Options } from "./options.js";

/**
 * One metric above the cheapest network, counted in cells. Each choice is rounded down by less than a cell, so n of them
 * that fill c cells cost c cells at least and less than c + n: what a sum over cells calls impossible is impossible, and what
 * it calls possible is so but for n cells at the limits' ends. Where a cell is one unit, it is exact.
 */
export interface Grid {
  /** the metric's place among the table's */
  readonly at: number;
  /** units of the metric in a cell */
  readonly cell: number;
  /** cells 0 … size - 1: as far as the limit reaches */
  readonly size: number;
  /** [slot][option]: cells that it fills */
  readonly filled: readonly (readonly number[])[];
  /** units above the cheapest network that the limit asks for and allows */
  readonly low: number;
  readonly high: number;
  /** per slot: what its cheapest option costs */
  readonly cheapest: readonly number[];
}

/** limited from both sides: there rejection and dominance do least, and a grid most */
const isWindow = ({ least, most }: Limit): boolean =>
  least > Number.NEGATIVE_INFINITY && most < Number.POSITIVE_INFINITY;

/** the table's first metric, where it is not limited */
const unlimited: Limit = { at: 0, least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };

/**
 * Of the first metric with a window; else of the table's first, limited or not: a draw on another grid takes other random
 * numbers, so this choice is part of what a seed means.
 *
 * @returns null where not even the cheapest is within the most, or the costliest has less than the least
 */
export function makeGrid(options: Options, limits: readonly Limit[], cells: number): Grid | null {
  const { at, least, most } = limits.find(isWindow) ?? limits.find((limit) => limit.at === 0) ?? unlimited;
  const cheapest = options.map((slot) => Math.min(...slot.map(({ costs }) => costs[at])));
  const costliest = options.map((slot) => Math.max(...slot.map(({ costs }) => costs[at])));
  const base = sum(cheapest);
  const span = sum(costliest) - base;
  const high = Math.min(span, most - base);
  const low = Math.max(0, least - base);
  if (high < 0 || low > span) return null;
  const cell = Math.ceil((high + 1) / cells);
  return {
    at,
    cell,
    size: Math.floor(high / cell) + 1,
    filled: options.map((slot, index) => slot.map(({ costs }) => Math.floor((costs[at] - cheapest[index]) / cell))),
    low,
    high,
    cheapest,
  };
}
