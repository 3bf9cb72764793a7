import type * as wire from "../wire/generated/danas/v1/job.js";
import type { Word } from "../wire/words.js";

export type { TrainScope } from "../wire/generated/danas/v1/job.js";

/** What a program can ask of a worker (proto/danas/v1/job.proto); weights are kept and put back by the session itself. */
export type Job = Exclude<Word<NonNullable<wire.Command["job"]>>, { kind: "checkpoint" | "restore" }>;
export type JobKind = Job["kind"];
export type JobOf<Kind extends JobKind> = Extract<Job, { kind: Kind }>;

export interface PrepareJob extends JobOf<"prepare"> {}
export interface TrainJob extends JobOf<"train"> {}
export interface GatesJob extends JobOf<"gates"> {}
export interface EvaluateJob extends JobOf<"evaluate"> {}

export interface OptimizerSpec extends Word<wire.OptimizerSpec> {}
export interface ComputeSpec extends Word<wire.ComputeSpec> {}
export interface WeightedPath extends Word<wire.WeightedPath> {}
export interface TrainStep extends Word<wire.TrainStep> {}
export interface GateStep extends Word<wire.GateStep> {}

/** job `id`s count from 0 within a run, in the order of issue */
export interface NumberedJob {
  readonly id: number;
  readonly job: Job;
}
