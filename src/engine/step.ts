import { costTable } from "../cost/table.js";
import type { CostTable } from "../domain/cost.js";
import type { DataInfo } from "../domain/data.js";
import type { Decision, GoBack, RunResult } from "../domain/decision.js";
import { assertNever } from "../domain/errors.js";
import type { Event } from "../domain/event.js";
import type { Job, NumberedJob } from "../domain/job.js";
import type { Plan } from "../domain/plan.js";
import type { Context, Progress } from "../domain/program.js";
import type { Answer, Failure } from "../domain/signal.js";
import { checkCounts, checkData } from "./checks.js";
import { mended, scaled, unmended } from "./mend.js";
import { programOf } from "./programs/registry.js";
import type { Facts, Model, Running, RunState } from "./state.js";
import { pricesOf, workOf } from "./work.js";

export interface Step {
  readonly state: RunState;
  readonly decisions: readonly Decision[];
}

/**
 * The whole search, one event at a time. Pure: the same plan and events give the same states and decisions, whoever asks
 * and whenever. All that acts (worker, journal, clock) is in runner/.
 *
 * Of the programs it keeps lag + 1 jobs in flight: a job is proposed exactly when the answer of the job lag + 1 before it
 * has been taken in, so what it depends on does not depend on timing.
 */
export function step(plan: Plan, state: RunState, event: Event): Step {
  switch (event.type) {
    case "run-started": {
      if (state.phase !== "new") throw new Error(`run-started in phase ${state.phase}`);
      const first: NumberedJob = { id: 0, job: { kind: "inspect", data: plan.data } };
      return {
        state: { phase: "inspecting", inFlight: [first], nextJobId: 1 },
        decisions: [{ type: "issue", ...first }],
      };
    }
    case "job-failed":
      return state.phase === "running" ? takeFailure(plan, state, event.jobId, event.failure) : giveUp(event.failure);
    case "job-finished":
      if (state.phase === "inspecting") return takeInspection(plan, event.answer);
      if (state.phase === "running") return takeAnswer(plan, state, event.answer);
      throw new Error(`an answer to job ${event.answer.jobId} in phase ${state.phase}`);
    default:
      return assertNever(event);
  }
}

function takeInspection(plan: Plan, answer: Answer): Step {
  if (answer.signal.kind !== "inspect") throw new Error("the first answer is not to an inspect job");
  const data = answer.signal.data;
  const problem = checkData(plan, data);
  if (problem) return giveUp(problem);
  return beginProgram(plan, 0, { facts: factsAtStart(plan, data), nextJobId: 1, model: null }, []);
}

const factsAtStart = (plan: Plan, data: DataInfo): Facts => ({
  data,
  ranking: plan.ranking.source === "given" ? plan.ranking.ranking : null,
  chosen: null,
  validAccuracy: null,
  testAccuracy: null,
  testPerClass: null,
  exported: [],
  samplesTrained: {},
  macsTrained: {},
});

function takeAnswer(plan: Plan, state: Running, answer: Answer): Step {
  const [job, ...inFlight] = state.inFlight;
  if (job === undefined || job.id !== answer.jobId) {
    throw new Error(`an answer to job ${answer.jobId}, but the next one due is ${job?.id ?? "none"}`);
  }
  if (answer.signal.kind !== job.job.kind) throw new Error(`${answer.signal.kind} answers a ${job.job.kind} job`);
  let model = state.model;
  if (job.job.kind === "prepare" && answer.signal.kind === "prepare") {
    const problem = checkCounts(job.job, answer.signal);
    if (problem) return giveUp(problem);
    model = { prepare: job, prepared: answer.signal, ...pricesOf(job.job) };
  }
  const facts = withWork(plan, state, model, job.job, answer);
  const context = contextOf(plan, facts);
  const program = programOf(plan.programs[state.program]);
  const learned = program.learn(context, state.programState, job, answer);
  const after: Running = { ...state, programState: learned.state, inFlight, facts, model };
  return pump(plan, after, [...learned.decisions]);
}

/** Only what is a matter of the search comes here (runner/converse.ts): a loss that is not finite, and what the rule makes of it. */
function takeFailure(plan: Plan, state: Running, jobId: number, failure: Failure): Step {
  const [job, ...behind] = state.inFlight;
  if (job?.id !== jobId) throw new Error(`job ${jobId} failed, but the next one due is ${job?.id ?? "none"}`);
  const again = mended(plan.divergence, state.mending, state.inFlight, failure);
  if (again === null) return giveUp(failure);
  const inFlight = again.jobs.map((changed, index): NumberedJob => ({ id: state.nextJobId + index, job: changed }));
  const goBack: GoBack = {
    type: "go-back",
    rule: plan.divergence.rule === "skip-batch" ? "skip-batch" : "lower-rate",
    attempt: again.mending.times,
    tries: plan.divergence.tries,
    failedJob: jobId,
    discarded: behind.map(({ id }) => id),
    rateScale: again.mending.rateScale,
    why: failure.message,
  };
  return {
    state: { ...state, inFlight, nextJobId: state.nextJobId + inFlight.length, mending: again.mending },
    decisions: [goBack, ...inFlight.map((numbered) => ({ type: "issue", ...numbered }) as const)],
  };
}

function withWork(plan: Plan, state: Running, model: Model | null, job: Job, answer: Answer): Facts {
  const { samples = 0, macs = 0 } = model ? workOf(model, job, answer.signal) : {};
  if (samples === 0) return state.facts;
  const program = plan.programs[state.program];
  const { samplesTrained, macsTrained } = state.facts;
  return {
    ...state.facts,
    samplesTrained: { ...samplesTrained, [program]: (samplesTrained[program] ?? 0) + samples },
    macsTrained: { ...macsTrained, [program]: (macsTrained[program] ?? 0) + macs },
  };
}

type Carried = Pick<Running, "facts" | "nextJobId" | "model">;

function beginProgram(plan: Plan, index: number, carried: Carried, decisions: Decision[]): Step {
  if (index >= plan.programs.length) {
    const result = resultOf(carried.facts);
    return {
      state: { phase: "done", facts: carried.facts, result },
      decisions: [...decisions, { type: "finish", result }],
    };
  }
  const name = plan.programs[index];
  decisions.push({ type: "begin-program", program: name });
  const programState = programOf(name).begin(contextOf(plan, carried.facts));
  const state: Running = {
    phase: "running",
    program: index,
    programState,
    inFlight: [],
    mending: unmended,
    ...carried,
  };
  return pump(plan, state, decisions);
}

/** Asks the program for jobs until lag + 1 are in flight, it waits, or it is done. */
function pump(plan: Plan, running: Running, decisions: Decision[]): Step {
  let state = running;
  const program = programOf(plan.programs[state.program]);
  const context = contextOf(plan, state.facts);
  while (state.inFlight.length <= plan.pipeline.lag) {
    const next = program.next(context, state.programState, state.inFlight.length);
    if (next.kind === "wait") {
      if (state.inFlight.length === 0) throw new Error("the program waits, but nothing is in flight");
      break;
    }
    decisions.push(...next.decisions);
    if (next.kind === "done") {
      if (state.inFlight.length > 0) throw new Error("the program is done, but jobs are in flight");
      const facts = { ...state.facts, ...next.found };
      const { nextJobId, model } = state;
      return beginProgram(plan, state.program + 1, { facts, nextJobId, model }, decisions);
    }
    const numbered: NumberedJob = { id: state.nextJobId, job: scaled(next.job, state.mending.rateScale) };
    decisions.push({ type: "issue", ...numbered });
    state = {
      ...state,
      programState: next.state,
      nextJobId: numbered.id + 1,
      inFlight: [...state.inFlight, numbered],
    };
  }
  return { state, decisions };
}

const resultOf = (facts: Facts): RunResult => {
  const { data: _data, ranking: _ranking, ...rest } = facts;
  return rest;
};

const giveUp = (failure: Failure): Step => ({
  state: { phase: "failed", failure },
  decisions: [{ type: "give-up", failure }],
});

// a table is a pure function of the plan's space; the memo only saves the time
const tables = new WeakMap<Plan, CostTable>();

export function contextOf(plan: Plan, facts: Facts): Context {
  const costs = tables.get(plan) ?? costTable(plan.space);
  tables.set(plan, costs);
  return { plan, data: facts.data, costs, ranking: facts.ranking, chosen: facts.chosen };
}

/** How far the current program is, for people; null while there is none. */
export function progressOf(plan: Plan, state: RunState): Progress | null {
  if (state.phase !== "running") return null;
  return programOf(plan.programs[state.program]).progress(contextOf(plan, state.facts), state.programState);
}
