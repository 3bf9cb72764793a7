import type { GateStep, Job, TrainStep } from "../domain/job.js";
import type { Signal } from "../domain/signal.js";
import { copyRows, type Rows, rowsOf, type Widths } from "./distributions/rows.js";

/** What was trained so far, per candidate, and the training loss since the last snapshot. */
export interface Tally {
  /** weight steps and gate steps in which a candidate took part */
  readonly trained: Rows;
  readonly gated: Rows;
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
  if (job.kind === "train" && signal.kind === "train") return countTrained(tally, job.steps, signal);
  return job.kind === "gates" ? countGated(tally, job.steps) : tally;
}

function countTrained(tally: Tally, steps: readonly TrainStep[], signal: Extract<Signal, { kind: "train" }>): Tally {
  const trained = copyRows(tally.trained);
  let { lossSum, accuracySum, count } = tally;
  for (const [index, step] of steps.entries()) {
    for (const { architecture } of step.paths) {
      for (let slot = 0; slot < architecture.length; slot++) trained[slot][architecture[slot]]++;
    }
    lossSum += signal.losses[index];
    accuracySum += signal.accuracies[index];
    count++;
  }
  return { ...tally, trained, lossSum, accuracySum, count };
}

function countGated(tally: Tally, steps: readonly GateStep[]): Tally {
  const gated = copyRows(tally.gated);
  for (const { architecture, alternatives } of steps) {
    for (const [slot, active] of architecture.entries()) {
      gated[slot][active]++;
      for (const candidate of alternatives[slot]) gated[slot][candidate]++;
    }
  }
  return { ...tally, gated };
}

export const meansOf = ({ lossSum, accuracySum, count }: Tally) => ({
  trainLoss: count > 0 ? lossSum / count : null,
  trainAccuracy: count > 0 ? accuracySum / count : null,
});

export const afterSnapshot = (tally: Tally): Tally => ({ ...tally, lossSum: 0, accuracySum: 0, count: 0 });
