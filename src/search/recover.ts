import { isDeepStrictEqual } from "node:util";
import type { NumberedJob } from "../domain/job.js";
import type { Failure, Signal } from "../domain/signal.js";
import type { Journal } from "../journal/port.js";
import type { WorkerSession } from "../worker/port.js";
import type { RunState } from "./state.js";

export type Recovery =
  | {
      readonly kind: "ready";
      readonly hasModel: boolean /** last job whose effect the worker has; -1 = none */;
      readonly lastJob: number;
    }
  | { readonly kind: "failed"; readonly failure: Failure };

interface RecoverOptions {
  readonly journal: Journal;
  readonly worker: WorkerSession;
  readonly state: RunState;
  onNotice(message: string): void;
}

/**
 * Brings a fresh worker to where the journal stands: prepares the model again, restores the last checkpoint taken since,
 * and runs again the answered jobs after it that change weights. What it answers is compared with what the journal
 * says: the journal stays the truth, a difference (a GPU need not repeat itself bit for bit) is told once.
 */
export async function recover({ journal, worker, state, onNotice }: RecoverOptions): Promise<Recovery> {
  if (state.phase !== "running") return { kind: "ready", hasModel: false, lastJob: -1 };
  const firstOpen = state.inFlight[0]?.id ?? state.nextJobId;
  const lastJob = firstOpen - 1;
  const prepared = lastPrepareBefore(journal, firstOpen);
  if (!prepared || state.inFlight[0]?.job.kind === "prepare") return { kind: "ready", hasModel: false, lastJob };
  let differing = 0;
  const check = (told: Told, signal: Signal) => {
    if (!isDeepStrictEqual(told.signal, signal)) differing++;
  };

  const usable = journal
    .checkpoints()
    .filter((record) => record.afterJob >= prepared.job.id && record.afterJob < firstOpen)
    .reverse();
  const first = await worker.submit(prepared.job);
  if (!first.ok) return { kind: "failed", failure: first.failure };
  check(prepared, first.answer.signal);
  let from = prepared.job.id;
  for (const record of usable) {
    const restored = await worker.restore(record.path, record.sha256);
    if (restored.ok) {
      from = record.afterJob;
      break;
    }
    onNotice(`checkpoint ${record.path} cannot be used (${restored.failure.message}); trying the one before`);
  }

  const again: { told: Told; outcome: ReturnType<WorkerSession["submit"]> }[] = [];
  for (const told of jobsAfter(journal, from, firstOpen)) {
    if (told.job.job.kind !== "train" && told.job.job.kind !== "restrict") continue;
    const outcome = worker.submit(told.job);
    outcome.catch(() => undefined);
    again.push({ told, outcome });
  }
  if (again.length > 0)
    onNotice(
      `running again ${again.length} jobs since ${from === prepared.job.id ? "the start" : "the last checkpoint"}`,
    );
  for (const { told, outcome } of again) {
    const answer = await outcome;
    if (!answer.ok) return { kind: "failed", failure: answer.failure };
    check(told, answer.answer.signal);
  }
  if (differing > 0) {
    onNotice(
      `${differing} of ${again.length + 1} repeated jobs answered other numbers than before; the journal's stand`,
    );
  }
  return { kind: "ready", hasModel: true, lastJob };
}

/** a job with what the journal says was answered */
interface Told {
  readonly job: NumberedJob;
  readonly signal: Signal | null;
}

function lastPrepareBefore(journal: Journal, before: number): Told | null {
  let found: Told | null = null;
  for (const told of answered(journal, 0, before)) if (told.job.job.kind === "prepare") found = told;
  return found;
}

const jobsAfter = (journal: Journal, after: number, before: number): Iterable<Told> =>
  answered(journal, after + 1, before);

/** jobs from..before-1 in order, with their answers; read anew each time, so that a long journal is never held in memory */
function* answered(journal: Journal, from: number, before: number): Iterable<Told> {
  const open = new Map<number, NumberedJob>();
  for (const { event, decisions } of journal.entries()) {
    if (event.type === "job-finished") {
      const { jobId, signal } = event.answer;
      const job = open.get(jobId);
      open.delete(jobId);
      if (job && jobId >= from && jobId < before) yield { job, signal };
    }
    for (const decision of decisions) {
      if (decision.type === "issue") open.set(decision.id, { id: decision.id, job: decision.job });
    }
  }
}
