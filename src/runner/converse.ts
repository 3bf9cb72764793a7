import type { Decision } from "../domain/decision.js";
import type { Event } from "../domain/event.js";
import type { NumberedJob } from "../domain/job.js";
import type { Failure } from "../domain/signal.js";
import { stateName } from "../engine/fold.js";
import type { RunState } from "../engine/state.js";
import { type Step, step } from "../engine/step.js";
import type { CheckpointOutcome, Outcome, WorkerSession } from "../worker/port.js";
import { checkpointAfter, checkpointOfRound, kept, removeOld } from "./keeping.js";
import { type Recovery, recover } from "./recover.js";
import type { Ending, RunOptions } from "./run.js";
import { Stopped, unlessStopped } from "./waiting.js";

/** How far a conversation with one worker came. */
export type Reached =
  | { readonly kind: "ended"; readonly state: RunState; readonly ending: Ending }
  | { readonly kind: "lost"; readonly state: RunState; readonly why: string }
  /** the weights must be those before a job that failed: the next session restores them */
  | { readonly kind: "went-back"; readonly state: RunState; readonly why: string };

/** share of the time that checkpoints may take: where they are slow to write, they come less often */
const mostOfTheTime = 0.015;

/** Decides on the event and makes both durable. Nothing is acted on before. */
export function append(options: RunOptions, state: RunState, event: Event): Step {
  const next = step(options.plan, state, event);
  const entry = options.journal.append({ at: options.clock.now(), event, decisions: next.decisions });
  options.hooks?.onEntry?.(entry, next.state);
  const { logic, saveEvery = 500 } = options;
  if (logic !== undefined && (entry.seq + 1) % saveEvery === 0) {
    options.journal.saveState({ name: stateName, seq: entry.seq, by: logic, state: next.state });
  }
  return next;
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

/** Brings the worker to where the journal stands, then asks and listens until there is nothing more to say to it. */
export async function converse(options: RunOptions, worker: WorkerSession, from: RunState): Promise<Reached> {
  const { journal, clock, hooks, signal } = options;
  let state = from;
  const interrupted = (): Reached => ({ kind: "ended", state, ending: { kind: "interrupted" } });
  const failed = (failure: Failure, resumable: boolean): Reached => ({
    ...{ kind: "ended", state },
    ending: { kind: "failed", failure, resumable },
  });

  let recovered: Recovery;
  try {
    // a stop while catching up loses nothing: no new fact has come in
    recovered = await unlessStopped(
      recover({ journal, worker, state, onNotice: (line) => hooks?.onNotice?.(line) }),
      signal,
    );
  } catch (error) {
    return error instanceof Stopped ? interrupted() : lostOrThrow(error, state);
  }
  if (recovered.kind === "failed") return failed(recovered.failure, true);

  const asked: Heard[] = [];
  let { hasModel, lastJob: lastSubmitted } = recovered;
  const submit = (job: NumberedJob) => {
    const outcome = worker.submit(job);
    outcome.catch(() => undefined); // looked at below, in order; a loss must not be an unhandled rejection meanwhile
    asked.push({ kind: "job", job, outcome });
    lastSubmitted = job.id;
    hasModel ||= job.job.kind === "prepare";
  };
  const askCheckpoint = (path: string, last = false) => {
    // those that stay now: what this one makes superfluous goes with the next
    const outcome = worker.checkpoint(path, [...kept(journal.checkpoints(), options.checkpoints)]);
    outcome.catch(() => undefined);
    asked.push({ kind: "checkpoint", afterJob: lastSubmitted, last, outcome });
  };
  if (state.phase === "inspecting" || state.phase === "running") for (const job of state.inFlight) submit(job);

  let checkpointedAt = clock.now();
  let checkpointMs = 0;
  let heardAt = checkpointedAt;
  let stopping = false;
  const stop = () => {
    if (stopping || signal.aborted === false) return;
    stopping = true;
    if (hasModel) askCheckpoint(checkpointAfter(lastSubmitted), true);
  };
  signal.addEventListener("abort", stop);
  try {
    stop();
    while (asked.length > 0) {
      const next = asked[0];
      if (next.kind === "checkpoint") {
        const outcome = await next.outcome;
        // commands are carried out in order: what passed since the answer before is the checkpoint's own time
        checkpointMs = clock.now() - heardAt;
        const refused = record(options, next.afterJob, outcome);
        asked.shift();
        if (next.last) return interrupted();
        // a full disk does not empty itself: better to stop while all that was learnt can be recorded
        if (refused?.code === "io") return failed(refused, true);
        continue;
      }
      // with a model, the checkpoint asked for at the stop ends this loop; without one there is nothing to keep
      const outcome = await (hasModel ? next.outcome : unlessStopped(next.outcome, signal));
      asked.shift();
      heardAt = clock.now();
      if (!outcome.ok && !isMatterOfSearch(outcome.failure)) return failed(outcome.failure, true);
      const event: Event = outcome.ok
        ? { type: "job-finished", answer: outcome.answer }
        : { type: "job-failed", jobId: next.job.id, failure: outcome.failure };
      const decided = append(options, state, event);
      state = decided.state;
      if (state.phase === "done") {
        return { kind: "ended", state, ending: { kind: "done", result: state.result } };
      }
      if (state.phase === "failed") return failed(state.failure, false);
      const wentBack = goBackIn(decided.decisions);
      if (wentBack) {
        hooks?.onNotice?.(wentBack);
        return stopping ? interrupted() : { kind: "went-back", state, why: wentBack };
      }
      // once stopping, what was decided waits in the journal: the resumed run issues it
      if (stopping) continue;
      const round = roundOpenedIn(decided.decisions);
      if (options.checkpoints.rounds && hasModel && round !== null) askCheckpoint(checkpointOfRound(round));
      for (const job of issuedIn(decided.decisions)) submit(job);
      const { everySeconds } = options.checkpoints;
      const dueAfterMs = Math.max(everySeconds * 1000, checkpointMs / mostOfTheTime);
      if (hasModel && everySeconds > 0 && heardAt - checkpointedAt >= dueAfterMs) {
        checkpointedAt = heardAt;
        askCheckpoint(checkpointAfter(lastSubmitted));
      }
    }
    if (stopping) return interrupted();
    throw new Error("nothing is in flight, but the run is not over");
  } catch (error) {
    return error instanceof Stopped ? interrupted() : lostOrThrow(error, state);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** a loss that became NaN is a fact about the search; a full disk or a missing folder is not */
const isMatterOfSearch = (failure: Failure): boolean => failure.code === "non-finite";

function lostOrThrow(error: unknown, state: RunState): Reached {
  if (error instanceof Error && error.name === "WorkerLost") return { kind: "lost", state, why: error.message };
  throw error;
}

/** @returns why it could not be written; null where it was */
function record(options: RunOptions, afterJob: number, outcome: CheckpointOutcome): Failure | null {
  const { journal, clock, hooks, runFolder, checkpoints } = options;
  if (!outcome.ok) {
    hooks?.onNotice?.(`no checkpoint was written: ${outcome.failure.message}`);
    return outcome.failure;
  }
  const { path, sha256, bytes } = outcome;
  journal.recordCheckpoint({ afterJob, path, sha256, bytes, at: clock.now() });
  removeOld(journal, checkpoints, runFolder);
  return null;
}

const issuedIn = (decisions: readonly Decision[]): NumberedJob[] =>
  decisions.filter((decision) => decision.type === "issue").map(({ id, job }) => ({ id, job }));

/** the round that begins here; the first one has only just been given its weights */
function roundOpenedIn(decisions: readonly Decision[]): number | null {
  const opened = decisions.findLast((decision) => decision.type === "open-round");
  return opened && opened.round > 0 ? opened.round : null;
}

function goBackIn(decisions: readonly Decision[]): string | null {
  const back = decisions.find((decision) => decision.type === "go-back");
  if (!back) return null;
  const change =
    back.rule === "lower-rate" ? `learning rates times ${back.rateScale} from here` : "the step takes the next batch";
  return `${back.why}: going back (${back.attempt} of ${back.tries} times), ${change}`;
}
