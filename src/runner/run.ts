import { DanasError } from "../domain/errors.js";
import { failureLine } from "../domain/signal.js";
import { stateOf } from "../engine/fold.js";
import type { RunState } from "../engine/state.js";
import { append, converse } from "./converse.js";
import { removeUnknown } from "./keeping.js";
import type { Ending, RunOptions } from "./options.js";
import { openPatiently, pause, Stopped } from "./waiting.js";

export type { Ending, RunHooks, RunOptions } from "./options.js";

/** how often in a row a worker may be lost without one answer in between */
const lossesWithoutProgress = 5;

const defaultPatienceMs = 15 * 60_000;

/**
 * The one loop that acts: hands decisions to the worker, waits for what it tells, makes it durable, decides anew. It may
 * be killed anywhere: what is in the journal is all that is needed to go on.
 */
export async function run(options: RunOptions): Promise<Ending> {
  const { journal } = options;
  let state = stateOf(journal, options.logic ?? null);
  if (state.phase === "new") state = append(options, state, { type: "run-started" }).state;
  let losses = 0;
  let served = false;
  for (;;) {
    if (state.phase === "done") return { kind: "done", result: state.result };
    if (state.phase === "failed") return { kind: "failed", failure: state.failure, resumable: false };
    if (options.signal.aborted) return { kind: "interrupted" };
    const before = state;
    const ended = await session(options, state, served ? (options.patienceMs ?? defaultPatienceMs) : 0);
    served = true;
    state = ended.state;
    if (ended.ending) return ended.ending;
    if (ended.lost === null) continue; // it went back over a loss that was not finite, and said so
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

type SessionEnd =
  | { readonly state: RunState; readonly ending: Ending }
  /** `lost`: why the worker was; null = it was let go, to begin again from a checkpoint */
  | { readonly state: RunState; readonly ending: null; readonly lost: string | null };

/** One stretch with one worker session: until the run ends, is stopped, goes back, or the worker is lost. */
async function session(options: RunOptions, from: RunState, patienceMs: number): Promise<SessionEnd> {
  const { journal, worker, clock, hooks, owner, signal } = options;
  const incarnation = journal.sessions().length + 1;
  journal.beginSession({
    incarnation,
    startedAt: clock.now(),
    host: owner.host,
    pid: owner.pid,
    worker: worker.kind,
  });
  const end = (outcome: string, message: string | null) =>
    journal.endSession(incarnation, { at: clock.now(), outcome, message });
  try {
    const opened = await openPatiently(
      worker,
      { run: options.plan.name, runId: journal.id, incarnation, runFolder: options.runFolder },
      { clock, signal, patienceMs, onNotice: (message) => hooks?.onNotice?.(message) },
    );
    try {
      const { welcome } = opened;
      journal.welcomeSession(incarnation, {
        worker: `${worker.kind} ${welcome.host} ${welcome.pid} ${welcome.devices.join(", ")}`,
        mock: welcome.mock,
        versions: { ...welcome.versions, ...owner.versions },
      });
      hooks?.onWelcome?.(welcome);
      removeUnknown(journal, options.runFolder);
      const reached = await converse(options, opened, from);
      switch (reached.kind) {
        case "lost":
          end("worker-lost", reached.why);
          return { state: reached.state, ending: null, lost: reached.why };
        case "went-back":
          end("went-back", reached.why);
          return { state: reached.state, ending: null, lost: null };
        case "ended": {
          const { ending } = reached;
          end(ending.kind, ending.kind === "failed" ? failureLine(ending.failure) : null);
          return { state: reached.state, ending };
        }
      }
    } finally {
      await opened.close().catch(() => undefined);
    }
  } catch (error) {
    if (error instanceof Error && error.name === "WorkerLost") {
      // killed before it could say welcome
      end("worker-lost", error.message);
      return { state: from, ending: null, lost: error.message };
    }
    if (error instanceof Stopped) {
      end("interrupted", null);
      return { state: from, ending: { kind: "interrupted" } };
    }
    endQuietly(() => end("failed", error instanceof Error ? error.message : String(error)));
    throw error;
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
