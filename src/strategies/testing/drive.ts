import type { Decision } from "../../domain/decision.js";
import type { NumberedJob } from "../../domain/job.js";
import type { StrategyPlan } from "../../domain/plan.js";
import type { Context, Next, Progress, Strategy } from "../../domain/program.js";
import type { Signal } from "../../domain/signal.js";
import { answerIn } from "./world.js";

export type AnyStrategy = Strategy<StrategyPlan, unknown>;

/** all that could be seen of a search */
export interface Search {
  readonly jobs: readonly NumberedJob[];
  /** in the order they were decided, the jobs among them as `issue` */
  readonly decisions: readonly Decision[];
  readonly progress: readonly Progress[];
  readonly states: readonly unknown[];
}

export interface DriveOptions {
  /** what a state becomes between two calls; JSON there and back shows that nothing else is carried */
  readonly between?: (state: unknown) => unknown;
  readonly answer?: (job: NumberedJob) => Signal;
  /** called with every state that `next` is asked in */
  readonly onAsk?: (state: unknown, next: Next<unknown>, inFlight: number) => void;
}

const timing = { totalMs: 0, dataMs: 0, computeMs: 0, waitMs: 0 };
const tooMany = 200_000;

/** Asks for jobs and answers them in order, as engine/step.ts does, with lag + 1 in flight. */
export function drive(context: Context, strategy: AnyStrategy, options: DriveOptions = {}): Search {
  const { between = (state) => state, answer = answerIn, onAsk } = options;
  const plan = context.plan.search.strategy;
  const jobs: NumberedJob[] = [];
  const decisions: Decision[] = [];
  const progress: Progress[] = [];
  const states: unknown[] = [];
  let answered = 0;
  let state = between(strategy.begin(context, plan));
  while (jobs.length < tooMany) {
    states.push(state);
    progress.push(strategy.progress(context, plan, state));
    const inFlight = jobs.length - answered;
    const next: Next<unknown> =
      inFlight <= context.plan.pipeline.lag ? strategy.next(context, plan, state, inFlight) : { kind: "wait" };
    if (inFlight <= context.plan.pipeline.lag) onAsk?.(state, next, inFlight);
    if (next.kind === "wait") {
      if (inFlight === 0) throw new Error("the strategy waits, but nothing is in flight");
      const job = jobs[answered++];
      const learned = strategy.learn(context, plan, state, job, { jobId: job.id, signal: answer(job), timing });
      decisions.push(...learned.decisions);
      state = between(learned.state);
      continue;
    }
    decisions.push(...next.decisions);
    state = between(next.state);
    if (next.kind === "done") {
      if (inFlight > 0) throw new Error("the strategy is done, but jobs are in flight");
      progress.push(strategy.progress(context, plan, state));
      return { jobs, decisions, progress, states };
    }
    const job = { id: jobs.length, job: next.job };
    jobs.push(job);
    decisions.push({ type: "issue", ...job });
  }
  throw new Error(`no end after ${tooMany} jobs`);
}
