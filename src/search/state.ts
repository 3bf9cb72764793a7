import type { PricedArchitecture } from "../domain/cost.js";
import type { DataInfo } from "../domain/data.js";
import type { RunResult } from "../domain/decision.js";
import type { NumberedJob } from "../domain/job.js";
import type { Ranking } from "../domain/ranking.js";
import type { ExportedFile, Failure } from "../domain/signal.js";

/** Where a run stands: plain JSON, a fold of the journal's events. */
export type RunState =
  | { readonly phase: "new" }
  | { readonly phase: "inspecting"; readonly inFlight: readonly NumberedJob[]; readonly nextJobId: number }
  | Running
  | { readonly phase: "done"; readonly result: RunResult }
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
}

/** what earlier programs found out */
export interface Facts {
  readonly data: DataInfo;
  readonly ranking: Ranking | null;
  readonly chosen: PricedArchitecture | null;
  readonly validAccuracy: number | null;
  readonly testAccuracy: number | null;
  readonly testPerClass: readonly (number | null)[] | null;
  readonly exported: readonly ExportedFile[];
  readonly samplesTrained: Readonly<Record<string, number>>;
  readonly macsTrained: Readonly<Record<string, number>>;
}
