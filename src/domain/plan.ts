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

// ---- strategies -----------------------------------------------------------------------------------------------------

export type StrategyPlan =
  | ({ readonly name: "da-nas" } & DaNasOptions)
  | ({ readonly name: "proxyless" } & ProxylessOptions)
  | ({ readonly name: "ddpnas" } & DdpnasOptions)
  | ({ readonly name: "random" } & RandomOptions);

export type StrategyName = StrategyPlan["name"];

/** One round of a curriculum search. The warm-up is a round that neither moves gates nor prunes. */
export interface RoundPlan {
  readonly name: string;
  readonly epochs: number;
  /** how many classes of the ranking's order are in the data */
  readonly classes: number;
  /** per slot, floor(prune x alive) candidates are cut at the round's end, always keeping one */
  readonly prune: number;
  /** whether gate steps are taken; without, paths are drawn uniformly from the alive */
  readonly gates: boolean;
  readonly gateMode: GateMode;
  /** whether the cost term acts in this round */
  readonly cost: boolean;
}

/** two-path: the active candidate and one alternative a slot. full: all alive candidates. */
export type GateMode = "two-path" | "full";

export interface GateOptions {
  /** a gate step after every so many weight steps */
  readonly every: number;
  /** Adam on the architecture parameters */
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly batchSize: number;
}

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

/** how the network is chosen from what is alive at the end */
export type FinalChoice =
  /** most probable architecture within the budget, exactly */
  | { readonly how: "most-likely" }
  /** best validation accuracy of so many networks drawn from the probabilities within the budget */
  | { readonly how: "best-of-sampled"; readonly samples: number };

export interface DaNasOptions {
  readonly rounds: readonly RoundPlan[];
  /** easy-first is the method; the others are its controls */
  readonly order: "easy-first" | "hard-first" | "random";
  readonly gate: GateOptions;
  readonly cost: CostTerm;
  readonly final: FinalChoice;
}

export interface ProxylessOptions {
  readonly warmupEpochs: number;
  readonly warmupLearningRate: LearningRate;
  readonly epochs: number;
  readonly gateMode: GateMode;
  readonly gate: GateOptions;
  readonly cost: CostTerm;
  /** "argmax" is the paper's: the most likely candidate per slot, whatever it costs */
  readonly final: FinalChoice | { readonly how: "argmax" };
}

export interface DdpnasOptions {
  /** S, passes before each cut */
  readonly passes: number;
  /** epochs of training for each path drawn; the paper's is 1. Less than 1 = part of an epoch. */
  readonly epochsPerPath: number;
  /** theta = e + momentum theta; the code's is 0.5 */
  readonly momentum: number;
  /** e = softmax(sharpness x accuracy); the code's is 100 */
  readonly sharpness: number;
}

export interface RandomOptions {
  /** networks drawn uniformly from those within the budget */
  readonly samples: number;
  /** epochs of uniform single-path training before they are compared by validation accuracy; 0 = take the first drawn */
  readonly epochs: number;
}
