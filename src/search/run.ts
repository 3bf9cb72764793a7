import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Decision, RunResult } from "../domain/decision.js";
import { DanasError } from "../domain/errors.js";
import type { Event } from "../domain/event.js";
import type { NumberedJob } from "../domain/job.js";
import type { Plan } from "../domain/plan.js";
import type { CheckpointSettings } from "../domain/settings.js";
import type { Failure } from "../domain/signal.js";
import type { Journal, JournalEntry } from "../journal/port.js";
import type { Clock } from "../util/clock.js";
import type { CheckpointOutcome, Outcome, Welcome, Worker, WorkerSession } from "../worker/port.js";
import { fold } from "./fold.js";
import { type Recovery, recover } from "./recover.js";
import type { RunState } from "./state.js";
import { step } from "./step.js";

export interface RunOptions {
  readonly plan: Plan;
  /** new, or of a run to be continued */
  readonly journal: Journal;
  readonly worker: Worker;
  /** absolute */
  readonly runFolder: string;
  readonly checkpoints: CheckpointSettings;
  readonly clock: Clock;
  /** aborted = checkpoint and stop */
  readonly signal: AbortSignal;
  readonly hooks?: RunHooks;
  /** who we are, for the journal */
  readonly owner: { readonly host: string; readonly pid: number; readonly versions: Readonly<Record<string, string>> };
}

export interface RunHooks {
  onWelcome?(welcome: Welcome): void;
  /** after the entry is durable */
  onEntry?(entry: JournalEntry, state: RunState): void;
  /** one line for people: a worker lost, a checkpoint refused */
  onNotice?(message: string): void;
}

export type Ending =
  | { readonly kind: "done"; readonly result: RunResult }
  /** `resumable`: the cause lies outside the search (data, memory, worker), so `danas resume` may try again */
  | { readonly kind: "failed"; readonly failure: Failure; readonly resumable: boolean }
  | { readonly kind: "interrupted" };

/** how often in a row a worker may be lost without one answer in between */
const lossesWithoutProgress = 5;

/**
 * The one loop that acts: hands decisions to the worker, waits for what it tells, makes it durable, decides anew. It may
 * be killed anywhere: what is in the journal is all that is needed to go on.
 */
export async function run(options: RunOptions): Promise<Ending> {
  const { plan, journal } = options;
  let state = fold(plan, events(journal));
  if (state.phase === "new") state = append(options, state, { type: "run-started" }).state;
  let losses = 0;
  for (;;) {
    if (state.phase === "done") return { kind: "done", result: state.result };
    if (state.phase === "failed") return { kind: "failed", failure: state.failure, resumable: false };
    if (options.signal.aborted) return { kind: "interrupted" };
    const before = state;
    const ended = await session(options, state);
    state = ended.state;
    if (ended.ending) return ended.ending;
    losses = state === before ? losses + 1 : 1;
    if (losses >= lossesWithoutProgress) {
      throw new DanasError("E_WORKER_LOST", `the worker was lost ${losses} times without finishing a job`, {
        hint: "read worker.log in the run's folder; `danas resume` goes on from the last checkpoint",
        exitCode: 75,
      });
    }
    const pauseMs = Math.min(10_000, 250 * 2 ** (losses - 1));
    options.hooks?.onNotice?.(
      `the worker was lost (${ended.lost}); starting again in ${(pauseMs / 1000).toFixed(1)} s`,
    );
    await pause(pauseMs, options.signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });

function* events(journal: Journal): Iterable<Event> {
  for (const entry of journal.entries()) yield entry.event;
}

function append(options: RunOptions, state: RunState, event: Event) {
  const next = step(options.plan, state, event);
  const entry = options.journal.append({ at: options.clock.now(), event, decisions: next.decisions });
  options.hooks?.onEntry?.(entry, next.state);
  return next;
}

class Stopped extends Error {}

/** the promise, unless the stop comes first: then Stopped is thrown and the promise is left to itself */
async function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new Stopped());
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
    promise.catch(() => undefined);
  }
}

const issued = (decisions: readonly Decision[]): NumberedJob[] =>
  decisions.filter((decision) => decision.type === "issue").map(({ id, job }) => ({ id, job }));

type SessionEnd =
  | { readonly state: RunState; readonly ending: Ending }
  | { readonly state: RunState; readonly ending: null; readonly lost: string };

/** One stretch with one worker session: until the run ends, is stopped, or the worker is lost. */
async function session(options: RunOptions, from: RunState): Promise<SessionEnd> {
  const { journal, worker, clock, hooks } = options;
  const incarnation = journal.sessions().length + 1;
  const opened = await worker.open({ run: options.plan.name, incarnation, runFolder: options.runFolder });
  hooks?.onWelcome?.(opened.welcome);
  journal.beginSession({
    incarnation,
    startedAt: clock.now(),
    host: options.owner.host,
    pid: options.owner.pid,
    worker: `${worker.kind} ${opened.welcome.host} ${opened.welcome.pid} ${opened.welcome.devices.join(", ")}`,
    mock: opened.welcome.mock,
    versions: { ...opened.welcome.versions, ...options.owner.versions },
  });
  const end = (outcome: string, message: string | null) =>
    journal.endSession(incarnation, { at: clock.now(), outcome, message });
  try {
    const reached = await converse(options, opened, from);
    if (reached.lost !== null) {
      end("worker-lost", reached.lost);
      return { state: reached.state, ending: null, lost: reached.lost };
    }
    const { ending } = reached;
    end(ending.kind, ending.kind === "failed" ? `${ending.failure.code}: ${ending.failure.message}` : null);
    return { state: reached.state, ending };
  } catch (error) {
    endQuietly(() => end("failed", error instanceof Error ? error.message : String(error)));
    throw error;
  } finally {
    await opened.close().catch(() => undefined);
  }
}

/** the journal itself may be what broke (disk full): its error must not hide the first one */
function endQuietly(end: () => void): void {
  try {
    end();
  } catch {
    // nothing more can be recorded
  }
}

/** what comes back from the worker, in the order it was asked */
type Heard =
  | { readonly kind: "job"; readonly job: NumberedJob; readonly outcome: Promise<Outcome> }
  | {
      readonly kind: "checkpoint";
      readonly afterJob: number;
      readonly last: boolean;
      readonly outcome: Promise<CheckpointOutcome>;
    };

type Reached =
  | { readonly state: RunState; readonly ending: Ending; readonly lost: null }
  | { readonly state: RunState; readonly ending: null; readonly lost: string };

async function converse(options: RunOptions, worker: WorkerSession, from: RunState): Promise<Reached> {
  const { journal, clock, hooks, signal } = options;
  let state = from;
  const asked: Heard[] = [];
  let lastSubmitted = -1;
  let hasModel = false;
  const submit = (job: NumberedJob) => {
    const outcome = worker.submit(job);
    outcome.catch(() => undefined); // looked at below, in order; a loss must not be an unhandled rejection meanwhile
    asked.push({ kind: "job", job, outcome });
    lastSubmitted = job.id;
    hasModel ||= job.job.kind === "prepare";
  };
  const askCheckpoint = (last: boolean) => {
    const outcome = worker.checkpoint(`checkpoints/after-${lastSubmitted}.pt`);
    outcome.catch(() => undefined);
    asked.push({ kind: "checkpoint", afterJob: lastSubmitted, last, outcome });
  };

  let recovered: Recovery;
  try {
    // a stop while catching up loses nothing: no new fact has come in
    recovered = await unlessStopped(
      recover({ journal, worker, state, onNotice: (line) => hooks?.onNotice?.(line) }),
      signal,
    );
  } catch (error) {
    if (error instanceof Stopped) return { state, ending: { kind: "interrupted" }, lost: null };
    return lostOrThrow(error, state);
  }
  if (recovered.kind === "failed") {
    return { state, ending: { kind: "failed", failure: recovered.failure, resumable: true }, lost: null };
  }
  hasModel = recovered.hasModel;
  lastSubmitted = recovered.lastJob;
  if (state.phase === "inspecting" || state.phase === "running") for (const job of state.inFlight) submit(job);

  let checkpointedAt = clock.now();
  let stopping = false;
  const stop = () => {
    if (stopping || signal.aborted === false) return;
    stopping = true;
    if (hasModel) askCheckpoint(true);
  };
  signal.addEventListener("abort", stop);
  try {
    stop();
    while (asked.length > 0) {
      const next = asked[0];
      if (next.kind === "checkpoint") {
        await recordCheckpoint(options, next.afterJob, await next.outcome);
        asked.shift();
        if (next.last) return { state, ending: { kind: "interrupted" }, lost: null };
        continue;
      }
      // with a model, the checkpoint asked for at the stop ends this loop; without one there is nothing to keep
      const outcome = await (hasModel ? next.outcome : unlessStopped(next.outcome, signal));
      asked.shift();
      if (!outcome.ok && !isMatterOfSearch(outcome.failure)) {
        return { state, ending: { kind: "failed", failure: outcome.failure, resumable: true }, lost: null };
      }
      const event: Event = outcome.ok
        ? { type: "job-finished", answer: outcome.answer }
        : { type: "job-failed", jobId: next.job.id, failure: outcome.failure };
      const decided = append(options, state, event);
      state = decided.state;
      if (state.phase === "done") return { state, ending: { kind: "done", result: state.result }, lost: null };
      if (state.phase === "failed") {
        return { state, ending: { kind: "failed", failure: state.failure, resumable: false }, lost: null };
      }
      // once stopping, what was decided waits in the journal: the resumed run issues it
      if (stopping) continue;
      for (const job of issued(decided.decisions)) submit(job);
      const { everySeconds } = options.checkpoints;
      if (hasModel && everySeconds > 0 && clock.now() - checkpointedAt >= everySeconds * 1000) {
        checkpointedAt = clock.now();
        askCheckpoint(false);
      }
    }
    if (stopping) return { state, ending: { kind: "interrupted" }, lost: null };
    throw new Error("nothing is in flight, but the run is not over");
  } catch (error) {
    if (error instanceof Stopped) return { state, ending: { kind: "interrupted" }, lost: null };
    return lostOrThrow(error, state);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** a loss that became NaN is a fact about the search; a full disk or a missing folder is not */
const isMatterOfSearch = (failure: Failure): boolean => failure.code === "non-finite";

function lostOrThrow(error: unknown, state: RunState): Reached {
  if (error instanceof Error && error.name === "WorkerLost") return { state, ending: null, lost: error.message };
  throw error;
}

async function recordCheckpoint(options: RunOptions, afterJob: number, outcome: CheckpointOutcome): Promise<void> {
  const { journal, clock, hooks, runFolder, checkpoints } = options;
  if (!outcome.ok) {
    hooks?.onNotice?.(`no checkpoint was written: ${outcome.failure.message}`);
    return;
  }
  const { path, sha256, bytes } = outcome;
  journal.recordCheckpoint({ afterJob, path, sha256, bytes, at: clock.now() });
  const kept = new Set(
    journal
      .checkpoints()
      .slice(-checkpoints.keep)
      .map((record) => record.path),
  );
  for (const old of journal.checkpoints()) {
    // a worker on another host keeps its own folder; here there is then nothing to remove
    if (!kept.has(old.path)) rmSync(join(runFolder, old.path), { force: true });
  }
}
