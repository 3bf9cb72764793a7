import { DanasError } from "../domain/errors.js";
import type { Clock } from "../util/clock.js";
import { limitWords } from "../util/units.js";
import type { Hello, Worker, WorkerSession } from "../worker/port.js";

/** Waiting that a person's stop ends. */

/** a stop came while something was waited for that loses nothing by being left */
export class Stopped extends Error {}

/** Resolves after so many milliseconds, or at the stop. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
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

/** The promise, unless the stop comes first: then Stopped is thrown and the promise is left to itself. */
export async function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
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

export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** how long a worker that was there before is waited for; milliseconds, 0 = not at all */
  readonly patienceMs: number;
  onNotice(message: string): void;
}

/**
 * A session with the worker. One that served this run before and does not answer now may be on its way back (a node that
 * reboots, a pod that is moved): it is asked again, each pause twice as long as the one before, at most half a minute.
 * @throws Stopped, DanasError
 */
export async function openPatiently(worker: Worker, hello: Hello, patience: Patience): Promise<WorkerSession> {
  const { clock, signal, patienceMs, onNotice } = patience;
  const until = clock.now() + patienceMs;
  for (let attempt = 0; ; attempt++) {
    const opening = worker.open(hello);
    try {
      return await unlessStopped(opening, signal);
    } catch (error) {
      if (error instanceof Stopped) void opening.then((session) => session.close()).catch(() => undefined);
      const absent = error instanceof DanasError && error.code === "E_WORKER_UNREACHABLE";
      if (!absent || patienceMs === 0) throw error;
      if (clock.now() >= until) throw givenUp(error, patienceMs);
      if (attempt === 0) onNotice(`${error.message}; asking again for ${limitWords(patienceMs)}`);
    }
    await pause(Math.min(30_000, 500 * 2 ** attempt), signal);
    if (signal.aborted) throw new Stopped();
  }
}

const givenUp = (error: DanasError, patienceMs: number): DanasError =>
  new DanasError("E_WORKER_LOST", `the worker did not come back within ${limitWords(patienceMs)}: ${error.message}`, {
    hint: "start it again; `danas resume` goes on from the last checkpoint",
    exitCode: 75,
    cause: error,
  });
