import type { CostTable, PricedArchitecture } from "../domain/cost.js";
import type { DataInfo } from "../domain/data.js";
import type { RunResult } from "../domain/decision.js";
import type { NumberedJob } from "../domain/job.js";
import type { Ranking } from "../domain/ranking.js";
import type { ExportedFile, Failure, Signal } from "../domain/signal.js";
import type { Mending } from "./mend.js";

/** Where a run stands: plain JSON, a fold of the journal's events. */
export type RunState =
  | { readonly phase: "new" }
  | { readonly phase: "inspecting"; readonly inFlight: readonly NumberedJob[]; readonly nextJobId: number }
  | Running
  | { readonly phase: "done"; readonly facts: Facts; readonly result: RunResult }
  | { readonly phase: "failed"; readonly failure: Failure };

export interface Running {
  readonly phase: "running";
  /** index into plan.programs */
  readonly program: number;
  /** the program's own state */
  readonly programState: unknown;
  readonly nextJobId: number;
  /** issued and not yet answered, in order */
  readonly inFlight: readonly NumberedJob[];
  readonly facts: Facts;
  /** the model that answers now come from; null before the first prepare was answered */
  readonly model: Model | null;
  /** how often this program went back over a loss that was not finite, and what that did to its learning rates */
  readonly mending: Mending;
}

/** what is needed to price the work of a job */
export interface Model {
  /** what it was made from, and what was answered: a fresh worker makes it again */
  readonly prepare: NumberedJob;
  readonly prepared: Signal;
  readonly costs: CostTable;
  /** images a batch, by stream */
  readonly batchSizes: Readonly<Record<string, number>>;
}

/** what the run has found out so far */
export interface Facts {
  readonly data: DataInfo;
  readonly ranking: Ranking | null;
  readonly chosen: PricedArchitecture | null;
  readonly validAccuracy: number | null;
  readonly testAccuracy: number | null;
  readonly testPerClass: readonly (number | null)[] | null;
  readonly exported: readonly ExportedFile[];
  /** images that went forward and backward (weight and gate steps), by program */
  readonly samplesTrained: Readonly<Record<string, number>>;
  /** forward multiply-adds of those images, by program */
  readonly macsTrained: Readonly<Record<string, number>>;
}

export const initialState: RunState = { phase: "new" };
