import type { Alive, Architecture } from "../../domain/space.js";
import type { Rng } from "../../util/rng.js";

/** A number for every candidate, [slot][candidate]. Rows are as wide as the slot: what was cut keeps its place. */
export type Rows = readonly (readonly number[])[];

/** anything with a row per slot, as wide as the slot */
export type Widths = readonly (readonly unknown[])[];

/** a row per slot, every entry `value` */
export const rowsOf = (widths: Widths, value: number): number[][] =>
  widths.map((row) => new Array<number>(row.length).fill(value));

export const copyRows = (rows: Rows): number[][] => rows.map((row) => row.slice());

/** 0 for what is not alive */
export const onlyAlive = (rows: Rows, alive: Alive): number[][] =>
  rows.map((row, slot) => row.map((value, candidate) => (alive[slot].includes(candidate) ? value : 0)));

/** a row of so many zeros, but for the candidates' values */
export function spread(candidates: readonly number[], values: readonly number[], width: number): number[] {
  const row = new Array<number>(width).fill(0);
  for (let i = 0; i < candidates.length; i++) row[candidates[i]] = values[i];
  return row;
}

/** One candidate per slot, each slot on its own. Never one of probability 0, whatever rounding does. */
export const drawPath = (rng: Rng, probabilities: Rows): Architecture =>
  probabilities.map((row) => drawFrom(rng, row, 1));

/**
 * A candidate ~ row, whose entries add up to `total`: as Rng.pick, without adding them up, for this is the innermost loop
 * of a fold over a long journal.
 *
 * @param without leaves one candidate out; `total` is then the rest's
 */
export function drawFrom(rng: Rng, row: readonly number[], total: number, without = -1): number {
  let left = rng.next() * total;
  let last = -1;
  for (let i = 0; i < row.length; i++) {
    if (i === without || row[i] === 0) continue;
    last = i;
    left -= row[i];
    if (left < 0) return i;
  }
  return last;
}
