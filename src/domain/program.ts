import type { CostTable, PricedArchitecture } from "./cost.js";
import type { DataInfo, StreamSpec } from "./data.js";
import type { Decision } from "./decision.js";
import type { Job, NumberedJob } from "./job.js";
import type { Plan } from "./plan.js";
import type { Ranking } from "./ranking.js";
import type { Answer, ExportedFile } from "./signal.js";

/**
 * A program is a job-by-job procedure with its state laid open: ranking the classes, searching, retraining. It is pure.
 * Its state is plain JSON (no Map, NaN, -0, undefined), so a fold over the journal gives it back.
 */
export interface Program<S> {
  begin(context: Context): S;
  /**
   * What to do next, from the signals learnt so far. Called again after each answer and after each job it issues, while
   * fewer than lag + 1 jobs are in flight. Must return "wait" where it needs an answer still in flight.
   */
  next(context: Context, state: S, inFlight: number): Next<S>;
  /** Takes one answer in. Answers come in the order of the jobs. */
  learn(context: Context, state: S, job: NumberedJob, answer: Answer): Learned<S>;
  /** How far along, for people. */
  progress(context: Context, state: S): Progress;
}

/** What every program may know; all of it follows from the plan and the events. */
export interface Context {
  readonly plan: Plan;
  readonly data: DataInfo;
  readonly costs: CostTable;
  /** null until the classes are ranked, or where the run has no ranking */
  readonly ranking: Ranking | null;
  /** null until the search has chosen */
  readonly chosen: PricedArchitecture | null;
}

export type Next<S> =
  | { readonly kind: "issue"; readonly job: Job; readonly state: S; readonly decisions: readonly Decision[] }
  | { readonly kind: "wait" }
  /** only with no job in flight */
  | { readonly kind: "done"; readonly state: S; readonly decisions: readonly Decision[]; readonly found?: Found };

/** what a program hands to those after it and to the run's result */
export interface Found {
  readonly ranking?: Ranking;
  readonly chosen?: PricedArchitecture;
  readonly validAccuracy?: number;
  readonly testAccuracy?: number;
  readonly testPerClass?: readonly (number | null)[];
  readonly exported?: readonly ExportedFile[];
}

export interface Learned<S> {
  readonly state: S;
  readonly decisions: readonly Decision[];
}

export interface Progress {
  /** `warm-up`, `round 2 of 3`, `choosing`, `epoch 4 of 12` */
  readonly label: string;
  readonly classes: number;
  /** candidates alive over all slots, and how many there were */
  readonly alive: number;
  readonly candidates: number;
  /** weight steps done and planned for this program; evaluation is not counted */
  readonly stepsDone: number;
  readonly stepsTotal: number;
}

/**
 * A search method's steps. The search program around it prepares the supernet with the strategy's streams, then asks the
 * strategy job by job. The strategy ends by returning "done" with a `choose` decision among its decisions.
 */
export interface Strategy<Options, S> {
  /** streams the jobs will name, class subsets in place */
  streams(context: Context, options: Options): readonly StreamSpec[];
  begin(context: Context, options: Options): S;
  next(context: Context, options: Options, state: S, inFlight: number): Next<S>;
  learn(context: Context, options: Options, state: S, job: NumberedJob, answer: Answer): Learned<S>;
  progress(context: Context, options: Options, state: S): Progress;
}
