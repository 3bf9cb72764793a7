import type * as wire from "../wire/generated/danas/v1/signal.js";
import type { Word } from "../wire/words.js";
import type { JobKind } from "./job.js";

export type { FailureCode } from "../wire/generated/danas/v1/signal.js";

/** What a worker tells of a job that it did (proto/danas/v1/signal.proto): of the job's kind, and finite throughout. */
export type Signal = Extract<Word<NonNullable<wire.Reply["answer"]>>, { kind: JobKind }>;
export type SignalOf<Kind extends JobKind> = Extract<Signal, { kind: Kind }>;

export interface GateSignal extends Word<wire.GateSignal> {}
export interface Evaluation extends Word<wire.Evaluation> {}
export interface ExportedFile extends Word<wire.ExportedFile> {}
export interface Timing extends Word<wire.Timing> {}
export interface Failure extends Word<wire.Failure> {}

export interface Answer {
  readonly jobId: number;
  readonly signal: Signal;
  readonly timing: Timing;
}

/** per class, as people are told; null where the stream has no image of it */
export const classAccuracies = ({ perClass }: Evaluation): (number | null)[] =>
  perClass.map((accuracy) => (accuracy === -1 ? null : accuracy));

/** for people: `out-of-memory: …` */
export const failureLine = ({ code, message }: Pick<Failure, "code" | "message">): string =>
  `${code.replaceAll("_", "-")}: ${message}`;
