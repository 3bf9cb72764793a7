import type { Decision } from "../domain/decision.js";
import type { Event } from "../domain/event.js";
import type { Failure } from "../domain/signal.js";
import { stateName } from "../engine/fold.js";
import type { RunState } from "../engine/state.js";
import { type Step, step } from "../engine/step.js";
import type { CheckpointOutcome, Outcome, WorkerSession } from "../worker/port.js";
import { type Command, Conversation } from "./conversation.js";
import { kept, removeOld } from "./keeping.js";
import type { Ending, RunOptions } from "./options.js";
import { type Recovery, recover } from "./recover.js";
import { Stopped, unlessStopped } from "./waiting.js";

/** How far a conversation with one worker came. */
export type Reached =
  | { readonly kind: "ended"; readonly state: RunState; readonly ending: Ending }
  | { readonly kind: "lost"; readonly state: RunState; readonly why: string }
  /** the weights must be those before a job that failed: the next session restores them */
  | { readonly kind: "went-back"; readonly state: RunState; readonly why: string };

/** entries between saved states */
export const usualSaveEvery = 500;

/** Decides on the event and makes both durable. Nothing is acted on before. */
export function append(options: RunOptions, state: RunState, event: Event): Step {
  const next = step(options.plan, state, event);
  const entry = options.journal.append({ at: options.clock.now(), event, decisions: next.decisions });
  options.hooks?.onEntry?.(entry, next.state);
  const { logic, saveEvery = usualSaveEvery } = options;
  if (logic !== undefined && (entry.seq + 1) % saveEvery === 0) {
    options.journal.saveState({ name: stateName, seq: entry.seq, by: logic, state: next.state });
  }
  return next;
}

/** a command that was given, and what comes of it */
type Asked =
  | (Extract<Command, { kind: "job" }> & { readonly outcome: Promise<Outcome> })
  | (Extract<Command, { kind: "checkpoint" }> & { readonly outcome: Promise<CheckpointOutcome> });

/** Brings the worker to where the journal stands, then asks and listens until there is nothing more to say to it. */
export async function converse(options: RunOptions, worker: WorkerSession, from: RunState): Promise<Reached> {
  const { journal, clock, hooks, signal, checkpoints } = options;
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

  const asked: Asked[] = [];
  const ask = (commands: readonly Command[]): void => {
    for (const command of commands) asked.push(give(options, worker, command));
  };
  const conversation = new Conversation(recovered, checkpoints, clock.now());
  const stop = () => ask(conversation.stop());
  if (state.phase === "inspecting" || state.phase === "running") ask(conversation.submit(state.inFlight));
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) stop();
    while (asked.length > 0) {
      const next = asked[0];
      if (next.kind === "checkpoint") {
        const outcome = await next.outcome;
        conversation.hearCheckpoint(clock.now());
        const refused = record(options, next.afterJob, outcome);
        asked.shift();
        if (next.last) return interrupted();
        // a full disk does not empty itself: better to stop while all that was learnt can be recorded
        if (refused?.code === "io") return failed(refused, true);
        continue;
      }
      // with a model, the checkpoint asked for at the stop ends this loop; without one there is nothing to keep
      const outcome = await (conversation.hasModel ? next.outcome : unlessStopped(next.outcome, signal));
      asked.shift();
      conversation.hearAnswer(clock.now());
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
        return conversation.stopping ? interrupted() : { kind: "went-back", state, why: wentBack };
      }
      ask(conversation.goOn(decided.decisions));
    }
    if (conversation.stopping) return interrupted();
    throw new Error("nothing is in flight, but the run is not over");
  } catch (error) {
    return error instanceof Stopped ? interrupted() : lostOrThrow(error, state);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function give({ journal, checkpoints }: RunOptions, worker: WorkerSession, command: Command): Asked {
  // looked at later, in order; a loss must not be an unhandled rejection meanwhile
  const heardLater = <T>(outcome: Promise<T>): Promise<T> => {
    outcome.catch(() => undefined);
    return outcome;
  };
  if (command.kind === "job") return { ...command, outcome: heardLater(worker.submit(command.job)) };
  // those that stay now: what this one makes superfluous goes with the next
  const staying = [...kept(journal.checkpoints(), checkpoints)];
  return { ...command, outcome: heardLater(worker.checkpoint(command.path, staying)) };
}

/** a loss that became NaN is a fact about the search; a full disk or a missing folder is not */
const isMatterOfSearch = (failure: Failure): boolean => failure.code === "non_finite";

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

function goBackIn(decisions: readonly Decision[]): string | null {
  const back = decisions.find((decision) => decision.type === "go-back");
  if (!back) return null;
  const change =
    back.rule === "lower-rate" ? `learning rates times ${back.rateScale} from here` : "the step takes the next batch";
  return `${back.why}: going back (${back.attempt} of ${back.tries} times), ${change}`;
}
