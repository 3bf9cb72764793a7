import { isDeepStrictEqual } from "node:util";
import type { DataInfo } from "../domain/data.js";
import type { NumberedJob } from "../domain/job.js";
import { kindOf } from "../domain/job-kinds.js";
import type { Failure, Signal } from "../domain/signal.js";
import type { RunState } from "../engine/state.js";
import type { Journal } from "../journal/port.js";
import { sum } from "../util/numeric.js";
import type { WorkerSession } from "../worker/port.js";

export type Recovery =
  | {
      readonly kind: "ready";
      readonly hasModel: boolean;
      /** last job whose effect the worker has; -1 = none */
      readonly lastJob: number;
    }
  | { readonly kind: "failed"; readonly failure: Failure };

interface RecoverOptions {
  readonly journal: Journal;
  readonly worker: WorkerSession;
  readonly state: RunState;
  onNotice(message: string): void;
}

/** jobs on their way at once while catching up: the worker never waits, and a long stretch does not flood it */
const ahead = 4;

/**
 * Brings a fresh worker to where the journal stands: prepares the model again, restores the last checkpoint taken since,
 * and runs again the answered jobs after it that change weights. What it answers is compared with what the journal
 * says: the journal stays the truth, a difference (a GPU need not repeat itself bit for bit) is told once.
 */
export async function recover({ journal, worker, state, onNotice }: RecoverOptions): Promise<Recovery> {
  if (state.phase !== "running") return { kind: "ready", hasModel: false, lastJob: -1 };
  const firstOpen = state.inFlight[0]?.id ?? state.nextJobId;
  const lastJob = firstOpen - 1;
  const { model } = state;
  // the data is opened anew in any case; that it is still the same is what every number before rests on
  const inspected = await worker.submit({ id: 0, job: { kind: "inspect", data: journal.plan.data } });
  if (!inspected.ok) return { kind: "failed", failure: inspected.failure };
  const changed = dataChanged(state.facts.data, inspected.answer.signal);
  if (changed) return { kind: "failed", failure: changed };
  if (!model || state.inFlight[0]?.job.kind === "prepare") return { kind: "ready", hasModel: false, lastJob };
  const prepared: Told = { job: model.prepare, signal: model.prepared };
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

  const since = from === prepared.job.id ? "the start of this training" : "the last checkpoint";
  if (lastJob > from) onNotice(`running again what moved weights in the ${lastJob - from} jobs since ${since}`);
  let repeated = 0;
  const asked: { told: Told; outcome: ReturnType<WorkerSession["submit"]> }[] = [];
  /** @returns why it could not be done again; null where it was */
  const hearFirst = async (): Promise<Failure | null> => {
    const { told, outcome } = asked.shift()!;
    const answer = await outcome;
    if (!answer.ok) return answer.failure;
    check(told, answer.answer.signal);
    return null;
  };
  for (const told of jobsAfter(journal, from, firstOpen)) {
    if (kindOf(told.job.job).changes !== "weights") continue;
    const outcome = worker.submit(told.job);
    outcome.catch(() => undefined);
    asked.push({ told, outcome });
    repeated++;
    const failure = asked.length > ahead ? await hearFirst() : null;
    if (failure) return { kind: "failed", failure };
  }
  while (asked.length > 0) {
    const failure = await hearFirst();
    if (failure) return { kind: "failed", failure };
  }
  if (differing > 0) {
    onNotice(`${differing} of ${repeated + 1} repeated jobs answered other numbers than before; the journal's stand`);
  }
  return { kind: "ready", hasModel: true, lastJob };
}

function dataChanged(then: DataInfo, told: Signal): Failure | null {
  if (told.kind !== "inspect") throw new Error("the answer is not to an inspect job");
  const now = told.data;
  if (now.fingerprint === then.fingerprint) return null;
  const images = ({ splits }: DataInfo) => splits.map(({ split, counts }) => `${split} ${sum(counts)}`).join(", ");
  return {
    code: "data",
    message: `the data is not what it was when the run began (images then: ${images(then)}; now: ${images(now)})`,
    hint: "put it back as it was; or begin another run with `danas search`",
    step: null,
  };
}

/** a job with what the journal says was answered */
interface Told {
  readonly job: NumberedJob;
  readonly signal: Signal;
}

/**
 * Jobs after `after` and before `before` in order, with their answers. Read from the journal's end back to where they begin,
 * then forward: a long journal is neither read whole nor held in memory.
 */
function* jobsAfter(journal: Journal, after: number, before: number): Iterable<Told> {
  const open = new Map<number, NumberedJob>();
  for (const { event, decisions } of journal.entries(seqThatIssued(journal, after))) {
    if (event.type === "job-finished") {
      const { jobId, signal } = event.answer;
      const job = open.get(jobId);
      open.delete(jobId);
      if (job && jobId > after && jobId < before) yield { job, signal };
    }
    for (const decision of decisions) {
      if (decision.type === "issue") open.set(decision.id, { id: decision.id, job: decision.job });
    }
  }
}

/** the entry that issued the job; what was issued later stands in it or after it */
function seqThatIssued(journal: Journal, job: number): number {
  for (const { seq, decisions } of journal.latest()) {
    if (decisions.some((decision) => decision.type === "issue" && decision.id <= job)) return seq;
  }
  return 0;
}
