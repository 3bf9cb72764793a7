import type { Job } from "../domain/job.js";
import { kindOf, type Participation } from "../domain/job-kinds.js";
import type { Signal } from "../domain/signal.js";
import { copyRows, rowsOf, type Widths } from "./distributions/rows.js";

/** What was trained so far, per candidate, and the training loss since the last snapshot. */
export interface Tally extends Participation {
  readonly lossSum: number;
  readonly accuracySum: number;
  /** weight steps in the sums */
  readonly count: number;
}

export const startTally = (widths: Widths): Tally => ({
  trained: rowsOf(widths, 0),
  gated: rowsOf(widths, 0),
  lossSum: 0,
  accuracySum: 0,
  count: 0,
});

/** with one more answered job */
export function counted(tally: Tally, job: Job, signal: Signal): Tally {
  const [trained, gated] = [copyRows(tally.trained), copyRows(tally.gated)];
  kindOf(job).participate(job, { trained, gated });
  let { lossSum, accuracySum, count } = tally;
  if (signal.kind === "train") {
    for (const loss of signal.losses) lossSum += loss;
    for (const accuracy of signal.accuracies) accuracySum += accuracy;
    count += signal.losses.length;
  }
  return { trained, gated, lossSum, accuracySum, count };
}

export const meansOf = ({ lossSum, accuracySum, count }: Tally) => ({
  trainLoss: count > 0 ? lossSum / count : null,
  trainAccuracy: count > 0 ? accuracySum / count : null,
});

export const afterSnapshot = (tally: Tally): Tally => ({ ...tally, lossSum: 0, accuracySum: 0, count: 0 });
