import type { Alive, Architecture } from "../../domain/space.js";
import { entropy, logSumExp, mean, softmax } from "../../util/numeric.js";
import type { Rng } from "../../util/rng.js";

/**
 * A categorical distribution per slot over the candidates alive. Rows are as wide as the slot: what was cut keeps its
 * place, with probability 0.
 */
export type Rows = readonly (readonly number[])[];

/** a row per slot, every entry `value` */
export const rowsOf = (widths: Rows | Alive, value: number): number[][] =>
  widths.map((row) => new Array<number>(row.length).fill(value));

export const copyRows = (rows: Rows): number[][] => rows.map((row) => row.slice());

/** softmax(alpha) over the alive of each slot; 0 for the cut */
export function probabilitiesOf(alphas: Rows, alive: Alive): number[][] {
  return alphas.map((row, slot) =>
    spread(alive[slot], softmax(alive[slot].map((candidate) => row[candidate])), row.length),
  );
}

/** ln softmax(alpha) over the alive of each slot, finite however small; -Infinity for the cut, so not for the state */
export function logProbabilitiesOf(alphas: Rows, alive: Alive): number[][] {
  return alphas.map((row, slot) => {
    const total = logSumExp(alive[slot].map((candidate) => row[candidate]));
    const logs = new Array<number>(row.length).fill(Number.NEGATIVE_INFINITY);
    for (const candidate of alive[slot]) logs[candidate] = row[candidate] - total;
    return logs;
  });
}

export const uniformOver = (alive: Alive, widths: Rows): number[][] =>
  alive.map((candidates, slot) =>
    spread(candidates, new Array<number>(candidates.length).fill(1 / candidates.length), widths[slot].length),
  );

function spread(candidates: readonly number[], values: readonly number[], width: number): number[] {
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

/** mean entropy of a slot, nats */
export const meanEntropy = (probabilities: Rows): number => mean(probabilities.map(entropy));
