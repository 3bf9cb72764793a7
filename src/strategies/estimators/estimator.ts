import type { StreamSpec } from "../../domain/data.js";
import type { Decision } from "../../domain/decision.js";
import type { Job, WeightedPath } from "../../domain/job.js";
import type { Plan } from "../../domain/plan.js";
import type { Context } from "../../domain/program.js";
import type { Signal } from "../../domain/signal.js";
import type { Alive } from "../../domain/space.js";
import type { Round } from "../course/course.js";
import { searchRng } from "../course/streams.js";
import type { Distribution } from "../distributions/distribution.js";
import { uniform } from "../distributions/factorised.js";
import type { Widths } from "../distributions/rows.js";

/** Where a search stands, as an estimator sees it. `P`: the distribution's parameters, `M`: the estimator's memory. */
export interface Standing<P, M> {
  readonly context: Context;
  readonly round: Round;
  readonly alive: Alive;
  readonly parameters: P;
  readonly memory: M;
  /** weight steps of this round whose answers are in */
  readonly learnt: number;
}

/**
 * How a search finds out which architectures are good: what is trained, which jobs are asked for in between, and how their
 * answers move the distribution.
 */
export interface Estimator<P, M> {
  /** its memory when a round opens; plain JSON */
  begin(widths: Widths): M;
  /** of weight steps `step` to `step + count` of the round */
  paths(at: Standing<P, M>, step: number, count: number): readonly (readonly WeightedPath[])[];
  /** null = it only trains */
  readonly questions: Questions<P, M> | null;
}

export interface Questions<P, M> {
  /** those the jobs name, besides the round's training batches and the streams that every search has */
  streams(plan: Plan, round: Round): readonly StreamSpec[];
  /** It asks after so many weight steps of a round, each time. */
  readonly every: number;
  /** whether several turns that came due in one block of weight steps are asked as one job */
  readonly together: boolean;
  /** the job of its turns `from` to `to` of the round, counted from 0 */
  ask(at: Standing<P, M>, from: number, to: number): Job;
  /** takes an answer in; answers come in the order of the jobs */
  learn(at: Standing<P, M>, job: Job, signal: Signal): Estimate<P, M>;
}

export interface Estimate<P, M> {
  readonly parameters: P;
  readonly memory: M;
  readonly decisions: readonly Decision[];
}

/** one path a weight step, drawn anew for each */
export function drawnPaths(
  { context: { plan }, round }: Standing<unknown, unknown>,
  distribution: Distribution,
  step: number,
  count: number,
): readonly (readonly WeightedPath[])[] {
  const draws = searchRng(plan).fork("path");
  return Array.from({ length: count }, (_, index) => [
    { architecture: distribution.draw(draws.fork(round.stepsBefore + step + index)), weight: 1 },
  ]);
}

/** paths drawn uniformly from the alive; the distribution stays as it is */
export const uniformPaths = <P>(): Estimator<P, null> => ({
  begin: () => null,
  paths: (at, step, count) => drawnPaths(at, uniform(at.alive, at.context.costs.slots), step, count),
  questions: null,
});
