import type { Cost, PricedArchitecture } from "./cost.js";
import type { NumberedJob } from "./job.js";
import type { Ranking } from "./ranking.js";
import type { Failure } from "./signal.js";
import type { Alive } from "./space.js";

/** What the search decides. Recomputable from the events; recorded so that a replay can check them. */
export type Decision =
  | ({ readonly type: "issue" } & NumberedJob)
  | { readonly type: "begin-program"; readonly program: string }
  | { readonly type: "rank-classes"; readonly ranking: Ranking }
  | OpenRound
  | Snapshot
  | Prune
  | Choose
  | Report
  | GoBack
  | { readonly type: "finish"; readonly result: RunResult }
  | { readonly type: "give-up"; readonly failure: Failure };

export interface OpenRound {
  readonly type: "open-round";
  readonly round: number;
  readonly name: string;
  /** names of the classes in the data */
  readonly classes: readonly string[];
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** the state of the probabilities at a moment worth keeping: the end of each epoch and round */
export interface Snapshot {
  readonly type: "snapshot";
  readonly round: number;
  /** in epochs since the search began */
  readonly epoch: number;
  /** [slot][candidate]; 0 for the cut */
  readonly probabilities: readonly (readonly number[])[];
  readonly alive: Alive;
  readonly expected: Cost;
  /** mean entropy of a slot's distribution, nats */
  readonly entropy: number;
  /** mean training loss and accuracy since the last snapshot; null where nothing was trained */
  readonly trainLoss: number | null;
  readonly trainAccuracy: number | null;
}

/** why a candidate was cut: everything `danas explain` needs */
export interface Cut {
  readonly slot: number;
  readonly candidate: number;
  readonly probability: number;
  /** the survivor with the least probability, and how far above it stood */
  readonly survivor: number;
  readonly margin: number;
  /** weight steps and gate steps in which this candidate took part */
  readonly timesTrained: number;
  readonly timesGated: number;
  readonly macs: number;
}

export interface Prune {
  readonly type: "prune";
  readonly round: number;
  readonly classes: number;
  /** what the number called `probability` is, for methods whose score is another thing */
  readonly criterion: string;
  readonly cuts: readonly Cut[];
  readonly alive: Alive;
}

export interface Choose {
  readonly type: "choose";
  readonly how: string;
  readonly chosen: PricedArchitecture;
  /** ln P under the final probabilities; null where the method has none */
  readonly logProbability: number | null;
  /** compared networks with their validation accuracy, where that is how it was chosen */
  readonly compared: readonly (PricedArchitecture & { readonly validAccuracy: number })[];
}

/** A job failed over a loss that was not finite: it and the jobs behind it count for nothing and are issued again. */
export interface GoBack {
  readonly type: "go-back";
  readonly rule: "lower-rate" | "skip-batch";
  /** how many times in this program, this one included, of how many */
  readonly attempt: number;
  readonly tries: number;
  readonly failedJob: number;
  /** jobs that were in flight behind it */
  readonly discarded: readonly number[];
  /** what every learning rate is multiplied by from here to the program's end */
  readonly rateScale: number;
  /** step, path and learning rate, in words */
  readonly why: string;
}

/** a measured fact worth showing: one point of a curve */
export interface Report {
  readonly type: "report";
  readonly series: "reference-valid-accuracy" | "retrain-train-loss" | "retrain-valid-accuracy" | "path-valid-accuracy";
  readonly epoch: number;
  readonly value: number;
}

export interface RunResult {
  readonly chosen: PricedArchitecture | null;
  readonly validAccuracy: number | null;
  /** measured once, after retraining; null where the run does not retrain or test */
  readonly testAccuracy: number | null;
  readonly testPerClass: readonly (number | null)[] | null;
  readonly exported: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  /** images trained on, by program */
  readonly samplesTrained: Readonly<Record<string, number>>;
  /** forward multiply-adds of those images, by program: the search's cost in a unit that no machine changes */
  readonly macsTrained: Readonly<Record<string, number>>;
}
