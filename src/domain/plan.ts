import type { Budget, Metric } from "./cost.js";
import type { Augment, DataSpec } from "./data.js";
import type { ComputeSpec, OptimizerSpec } from "./job.js";
import type { DifficultyScore, Ranking } from "./ranking.js";
import type { Architecture, Space } from "./space.js";

/** Everything a run is told, resolved and checked: plain data, saved with the run. The config is its readable form. */
export interface Plan {
  readonly version: 1;
  readonly name: string;
  readonly seed: number;
  readonly data: DataSpec;
  readonly space: Space;
  readonly budget: Budget;
  /** what to do, in this order */
  readonly programs: readonly ProgramName[];
  readonly ranking: RankingPlan;
  readonly search: SearchPlan;
  readonly retrain: RetrainPlan;
  readonly compute: ComputeSpec;
  readonly pipeline: PipelinePlan;
  readonly divergence: DivergencePlan;
}

export type ProgramName = "rank" | "search" | "retrain";

export interface PipelinePlan {
  /** job k is proposed from the signals of jobs before k - lag; 0 = textbook order */
  readonly lag: number;
  /** weight steps in a job, at most */
  readonly stepsPerJob: number;
}

/**
 * What is done where a loss became NaN or infinite. The weights go back to before the job that failed, and the job is
 * issued again, changed. lower-rate: from that job to the program's end every learning rate is multiplied by `factor`.
 * skip-batch: the step that failed takes the stream's next batch instead. stop: the run fails.
 */
export interface DivergencePlan {
  readonly rule: "lower-rate" | "skip-batch" | "stop";
  /** in (0, 1) */
  readonly factor: number;
  /** times within one program; the next failure ends the run */
  readonly tries: number;
}

export interface LearningRate {
  readonly shape: "cosine" | "linear" | "constant" | "cosine-restarts";
  readonly from: number;
  readonly to: number;
  /** linear rise from zero over so many epochs, before the shape begins */
  readonly warmupEpochs: number;
  /** of cosine-restarts */
  readonly cycles: number;
}

export interface Recipe {
  readonly batchSize: number;
  readonly learningRate: LearningRate;
  readonly optimizer: OptimizerSpec;
  readonly labelSmoothing: number;
  readonly augment: Augment | null;
}

export type RankingPlan =
  | {
      readonly source: "train";
      readonly references: readonly Architecture[];
      readonly epochs: number;
      readonly score: DifficultyScore;
      readonly recipe: Recipe;
    }
  | { readonly source: "given"; readonly ranking: Ranking }
  /** for strategies that need no ranking */
  | { readonly source: "none" };

export interface SearchPlan {
  readonly recipe: Recipe;
  readonly strategy: StrategyPlan;
  /** evaluation: images a batch; batch-norm statistics are re-estimated on so many train batches first */
  readonly evaluation: { readonly batchSize: number; readonly recalibrateBatches: number };
}

export interface RetrainPlan {
  /** null = what the search chose */
  readonly architecture: Architecture | null;
  readonly epochs: number;
  readonly recipe: Recipe;
  /** "full" = train and valid together */
  readonly split: "train" | "full";
  /** measure the test set once at the end */
  readonly test: boolean;
  readonly export: boolean;
}

/** A search method by its name, and options beside it that only the method reads (strategies/). */
export type StrategyPlan = { readonly name: string } & { readonly [option: string]: unknown };

/**
 * The cost in the architecture's loss. hinge [O]: CE / log(classes) + lambda max(0, E/T - 1).
 * linear [C]: CE + lambda (E - T)/T. log-power [C]: lambda CE (log E / log T)^beta.
 * E is what is expected of the metric under the probabilities, T the target.
 */
export interface CostTerm {
  readonly form: "hinge" | "linear" | "log-power" | "none";
  readonly lambda: number;
  readonly beta: number;
  readonly metric: Metric;
  readonly target: number;
}
