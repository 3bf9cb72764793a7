import { hostname } from "node:os";
import { DanasError } from "../../domain/errors.js";
import type { NumberedJob } from "../../domain/job.js";
import type { MockSettings } from "../../domain/settings.js";
import type { Failure } from "../../domain/signal.js";
import type { Frame } from "../../domain/telemetry.js";
import type { FramePublisher } from "../../telemetry/publish.js";
import { diskTrouble } from "../../util/disk.js";
import {
  type CheckpointOutcome,
  type Hello,
  type Outcome,
  type RestoreOutcome,
  type Worker,
  WorkerLost,
  type WorkerSession,
} from "../port.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { carryOut, MockFailure, type MockState } from "./jobs.js";

/** what shall go wrong, for tests */
export interface MockFaults {
  /** the session is lost in place of this job's answer, once */
  readonly loseAt?: number;
  /** this job fails, each time */
  readonly failAt?: { readonly job: number; readonly failure: Failure };
  /** checkpoints fail */
  readonly checkpoints?: Failure;
}

export interface MockOptions {
  readonly faults?: MockFaults;
  /** ZeroMQ endpoint to publish telemetry at, e.g. `tcp://127.0.0.1:*`; none by default */
  readonly telemetry?: string;
}

/**
 * A worker without Python: analytic learning curves of a made-up world (world.ts), seeded noise, faults on request. Its
 * answers depend on settings, jobs and their order alone, so that a search on it is as reproducible as on a real one.
 */
export function mockWorker(settings: MockSettings, options: MockOptions = {}): Worker {
  const state: MockState = { model: null, world: null };
  let owner: { runId: string; incarnation: number; lose: (reason: string) => void } | null = null;
  let answered = new Map<number, Outcome>();
  let publisher: FramePublisher | null = null;
  let lost = false;

  return {
    kind: "mock",
    async open(hello: Hello): Promise<WorkerSession> {
      if (owner && owner.runId === hello.runId && hello.incarnation < owner.incarnation) {
        throw new DanasError("E_WORKER_FENCED", `run "${hello.run}" went on with incarnation ${owner.incarnation}`, {
          hint: "another danas took this run over",
          exitCode: 1,
        });
      }
      if (owner?.runId !== hello.runId || owner.incarnation !== hello.incarnation) answered = new Map();
      owner?.lose("another owner took over");
      if (options.telemetry && !publisher) {
        const { publishFrames } = await import("../../telemetry/publish.js");
        publisher = await publishFrames(options.telemetry);
      }
      const session = new MockSession(settings, state, hello, answered, publisher, (id) => {
        if (options.faults?.failAt?.job === id) throw new MockFailure(options.faults.failAt.failure);
        if (options.faults?.loseAt !== id || lost) return false;
        lost = true;
        return true;
      });
      session.checkpointFault = options.faults?.checkpoints;
      owner = { runId: hello.runId, incarnation: hello.incarnation, lose: (reason) => session.lose(reason) };
      return session;
    },
    async close() {
      owner?.lose("the worker was closed");
      publisher?.close();
      publisher = null;
    },
  };
}

class MockSession implements WorkerSession {
  checkpointFault: Failure | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private readonly ended = new AbortController();

  constructor(
    private readonly settings: MockSettings,
    private readonly state: MockState,
    private readonly hello: Hello,
    private readonly answered: Map<number, Outcome>,
    private readonly publisher: FramePublisher | null,
    /** throws or tells that the session is to be lost in place of this job's answer */
    private readonly fault: (jobId: number) => boolean,
  ) {}

  get welcome() {
    return {
      workerVersion: "mock",
      versions: { mock: "made-up numbers" },
      host: hostname(),
      pid: process.pid,
      devices: ["mock"],
      telemetry: this.publisher?.endpoint ?? "",
      mock: true,
    };
  }

  submit(job: NumberedJob): Promise<Outcome> {
    return this.inOrder(async () => {
      const before = this.answered.get(job.id);
      if (before) return before;
      const outcome = await this.perform(job);
      this.answered.set(job.id, outcome);
      return outcome;
    });
  }

  checkpoint(path: string, kept: readonly string[] | null = null): Promise<CheckpointOutcome> {
    return this.inOrder(async () => {
      if (this.checkpointFault) return { ok: false, failure: this.checkpointFault };
      return outcomeOf(() => ({ ok: true, ...writeCheckpoint(this.state, this.hello.runFolder, path, kept) }) as const);
    });
  }

  restore(path: string, sha256: string): Promise<RestoreOutcome> {
    return this.inOrder(async () =>
      outcomeOf(() => {
        readCheckpoint(this.state, this.hello.runFolder, path, sha256);
        return { ok: true } as const;
      }),
    );
  }

  async close(): Promise<void> {
    this.lose("the session was closed");
  }

  lose(reason: string): void {
    this.ended.abort(new WorkerLost(reason));
  }

  private async perform(job: NumberedJob): Promise<Outcome> {
    const steps = "steps" in job.job ? job.job.steps.length : 0;
    const { stepMs } = this.settings;
    // even where nothing is waited for: timers and Ctrl-C are only heard once a chain of promises ends
    await (stepMs > 0 && steps > 0 ? this.wait(stepMs * steps) : new Promise<void>((resolve) => setImmediate(resolve)));
    if (this.ended.signal.aborted) throw this.ended.signal.reason;
    const outcome = outcomeOf((): Outcome => {
      if (this.fault(job.id)) {
        this.lose("lost on request");
        throw this.ended.signal.reason;
      }
      const signal = carryOut(this.settings, this.state, job, this.hello.runFolder);
      // a virtual clock: the time that was waited, and nothing else
      const timing = { totalMs: stepMs * steps, dataMs: 0, computeMs: stepMs * steps, waitMs: 0 };
      return { ok: true, answer: { jobId: job.id, signal, timing } };
    });
    this.publish(job, steps, outcome);
    return outcome;
  }

  private publish(job: NumberedJob, steps: number, outcome: Outcome): void {
    if (!this.publisher || !outcome.ok) return;
    const { signal, timing } = outcome.answer;
    const news: Frame["news"] = {
      kind: "step",
      jobId: job.id,
      job: job.job.kind,
      step: steps,
      steps,
      loss: signal.kind === "train" ? (signal.losses.at(-1) ?? null) : null,
      samplesPerSecond: signal.kind === "train" && timing.totalMs > 0 ? (1000 * signal.samples) / timing.totalMs : 0,
      dataMs: 0,
      computeMs: this.settings.stepMs,
      waitMs: 0,
      memoryBytes: process.memoryUsage.rss(),
    };
    this.publisher.send({ run: this.hello.run, news });
  }

  private wait(ms: number): Promise<void> {
    const { signal } = this.ended;
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        // thousands of jobs wait one after another: none leaves a listener behind
        signal.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  /** one after another; once the session is over, everything open rejects */
  private inOrder<T>(body: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => {
      if (this.ended.signal.aborted) throw this.ended.signal.reason;
      return body();
    });
    this.last = result.catch(() => undefined);
    return result;
  }
}

function outcomeOf<T>(body: () => T): T | { readonly ok: false; readonly failure: Failure } {
  try {
    return body();
  } catch (error) {
    if (error instanceof MockFailure) return { ok: false, failure: error.failure };
    const trouble = diskTrouble(error);
    const hint = "make room on the disk";
    if (trouble) return { ok: false, failure: { code: "io", message: trouble, hint, step: null } };
    throw error;
  }
}
