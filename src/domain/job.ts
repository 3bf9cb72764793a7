import type { DataSpec, StreamSpec } from "./data.js";
import type { Alive, Architecture, Space } from "./space.js";

/** What TypeScript can ask of a worker. Jobs are executed in order and answered by id; see signal.ts for the answers. */
export type Job =
  | InspectJob
  | PrepareJob
  | TrainJob
  | GatesJob
  | ScoreJob
  | EvaluateJob
  | BnScalesJob
  | RestrictJob
  | ExportJob;

/** Open the data, tell what is there. Nothing is trained. */
export interface InspectJob {
  readonly kind: "inspect";
  readonly data: DataSpec;
}

export interface OptimizerSpec {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** also decay batch-norm scales and biases */
  readonly decayNorm: boolean;
  /** clip each gradient element to [-v, v]; null = off */
  readonly clipValue: number | null;
}

export type Precision = "float32" | "bfloat16" | "float16";

export interface ComputeSpec {
  /** "auto" takes cuda where there is one */
  readonly device: "auto" | "cpu" | "cuda";
  readonly precision: Precision;
  readonly channelsLast: boolean;
  readonly compile: boolean;
  /** CPU threads of the worker; 0 = all cores */
  readonly threads: number;
}

/** Forget any model; build the supernet of `space`, its weights drawn from `seed`; open the streams. */
export interface PrepareJob {
  readonly kind: "prepare";
  readonly space: Space;
  readonly spaceHash: string;
  readonly data: DataSpec;
  readonly streams: readonly StreamSpec[];
  readonly optimizer: OptimizerSpec;
  readonly labelSmoothing: number;
  readonly compute: ComputeSpec;
  readonly seed: number;
  /** networks whose MACs and parameters the worker counts with its own tools, for the cross-check */
  readonly checks: readonly Architecture[];
}

/** a path with the weight of its loss in the gradient; one path of weight 1 is ordinary training */
export interface WeightedPath {
  readonly architecture: Architecture;
  readonly weight: number;
}

export interface TrainStep {
  readonly paths: readonly WeightedPath[];
  readonly learningRate: number;
  /** position in the stream */
  readonly batch: number;
}

export type TrainScope = "all" | "last-bn" | "all-bn";

/** Weight steps. Only the paths named are computed; a block no path uses does not move, nor does its momentum. */
export interface TrainJob {
  readonly kind: "train";
  readonly stream: string;
  readonly scope: TrainScope;
  readonly steps: readonly TrainStep[];
}

export interface GateStep {
  /** the path that is active (gate 1) */
  readonly architecture: Architecture;
  /** per slot, other candidates whose gate gradient is wanted (gate 0); may be empty */
  readonly alternatives: readonly (readonly number[])[];
  readonly batch: number;
}

/** dL/dgate for the active candidate and its alternatives. Changes no weight and no running statistic. */
export interface GatesJob {
  readonly kind: "gates";
  readonly stream: string;
  readonly steps: readonly GateStep[];
}

/** Log-likelihood of the same batches under every architecture. Changes nothing. */
export interface ScoreJob {
  readonly kind: "score";
  readonly stream: string;
  readonly architectures: readonly Architecture[];
  readonly batches: readonly number[];
}

export interface EvaluateJob {
  readonly kind: "evaluate";
  readonly stream: string;
  readonly architectures: readonly Architecture[];
  /** evaluate on the stream's first so many batches; 0 = one whole pass */
  readonly batches: number;
  /** batch-norm statistics are re-estimated on so many batches of the stream first, then put back; 0 = as they are */
  readonly recalibrate: { readonly stream: string; readonly batches: number };
}

/** mean |gamma| of each candidate's last batch norm */
export interface BnScalesJob {
  readonly kind: "bn-scales";
}

/** Cut every candidate that is not alive; its memory is really freed. */
export interface RestrictJob {
  readonly kind: "restrict";
  readonly alive: Alive;
}

/** Write a network's weights and description below the run folder, for use without danas. */
export interface ExportJob {
  readonly kind: "export";
  readonly architecture: Architecture;
  /** folder, relative to the worker's run folder */
  readonly folder: string;
}

/** job `id`s count from 0 within a run, in the order of issue */
export interface NumberedJob {
  readonly id: number;
  readonly job: Job;
}
