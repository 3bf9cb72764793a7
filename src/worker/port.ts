import type { NumberedJob } from "../domain/job.js";
import type { Answer, Failure } from "../domain/signal.js";
import type { CurveKeys } from "../telemetry/curve.js";

/** A worker that can be connected to. Adapters: grpc, local (starts one, then grpc), embedded, mock. */
export interface Worker {
  readonly kind: "local" | "grpc" | "embedded" | "mock";
  /**
   * Opens a session. May be called again after a session was lost or closed, with a higher incarnation.
   * @throws DanasError E_WORKER_… with a way on, where no worker answers, the protocol differs or it belongs to another run;
   *   WorkerLost where it was killed while it started
   */
  open(hello: Hello): Promise<WorkerSession>;
  /** Ends what this adapter started (a child process). May be called twice, and without a session. */
  close(): Promise<void>;
}

export interface Hello {
  readonly run: string;
  /** tells the run from an earlier one of the same name */
  readonly runId: string;
  /** grows with each start or resume of the run; an older owner is fenced off */
  readonly incarnation: number;
  /** absolute; checkpoints and exports are written below it */
  readonly runFolder: string;
}

export interface Welcome {
  readonly workerVersion: string;
  /** versions of what decides the numbers: python, torch, … */
  readonly versions: Readonly<Record<string, string>>;
  readonly host: string;
  readonly pid: number;
  readonly devices: readonly string[];
  /** ZeroMQ endpoint of the telemetry, as we can reach it; empty = none */
  readonly telemetry: string;
  /** of telemetry that is encrypted; never written down */
  readonly curve?: CurveKeys;
  /** results are made up: must be said wherever they show */
  readonly mock: boolean;
}

/**
 * Commands are carried out one after another in the order of the calls; each promise settles once, in that order. Do
 * not wait for one before sending the next: that is what keeps the worker busy.
 *
 * A command that cannot be done resolves to a failure and the session goes on. Where the session itself is lost (process
 * dead, connection gone, fenced off), every open promise rejects with WorkerLost.
 */
export interface WorkerSession {
  readonly welcome: Welcome;
  /** A job id already answered in this incarnation is answered again from memory, never run twice. */
  submit(job: NumberedJob): Promise<Outcome>;
  /**
   * Writes the state after everything submitted so far.
   * @param path relative to the run folder
   * @param kept once it is whole, every other file of its folder is removed but these; null (default) = nothing is
   */
  checkpoint(path: string, kept?: readonly string[] | null): Promise<CheckpointOutcome>;
  /** Only after a prepare job of the same space. @param path relative to the run folder */
  restore(path: string, sha256: string): Promise<RestoreOutcome>;
  /** Says goodbye; the worker may serve another run. Open promises reject with WorkerLost. May be called twice. */
  close(): Promise<void>;
}

export type Outcome =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly failure: Failure };

export type CheckpointOutcome =
  | { readonly ok: true; readonly path: string; readonly bytes: number; readonly sha256: string }
  | { readonly ok: false; readonly failure: Failure };

export type RestoreOutcome = { readonly ok: true } | { readonly ok: false; readonly failure: Failure };

/** The session is gone; what was in flight is unknown. The run opens another one, restores and re-issues. */
export class WorkerLost extends Error {
  override readonly name = "WorkerLost";
}
