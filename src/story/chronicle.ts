import { costTable } from "../cost/table.js";
import type { DataInfo, StreamSpec } from "../domain/data.js";
import type { Choose, GoBack, OpenRound, Prune, Report, RunResult, Snapshot } from "../domain/decision.js";
import type { Job, NumberedJob } from "../domain/job.js";
import type { Plan } from "../domain/plan.js";
import type { Ranking } from "../domain/ranking.js";
import type { Answer, Evaluation, Failure } from "../domain/signal.js";
import { effortOf } from "../engine/effort.js";
import type { Model } from "../engine/state.js";
import type { Journal } from "../journal/port.js";

/** What a program cost, of the jobs that were answered. What a resume ran again is not in the journal, nor here. */
export interface ProgramEffort {
  /** of Plan.programs; `inspect` is what came before the first */
  readonly program: string;
  readonly beganAt: number;
  /** by the wall clock, pauses between sessions left out */
  readonly wallMs: number;
  readonly jobs: number;
  readonly weightSteps: number;
  readonly gateSteps: number;
  readonly evaluations: number;
  /** images that went forward and backward, and their forward multiply-adds */
  readonly samples: number;
  readonly macs: number;
  /** sums of what the worker told of its jobs */
  readonly workerMs: number;
  readonly dataMs: number;
  readonly computeMs: number;
  readonly waitMs: number;
}

export interface Participation {
  /** [slot][candidate]: weight steps whose path had it */
  readonly trained: readonly (readonly number[])[];
  /** [slot][candidate]: gate steps that had it, active or alternative */
  readonly gated: readonly (readonly number[])[];
}

type Dated<T> = T & {
  /** milliseconds since the epoch */ readonly at: number;
};

/** The journal read once, in order, and sorted by what it tells. */
export interface Chronicle {
  readonly entries: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  readonly data: DataInfo | null;
  readonly device: string | null;
  readonly efforts: readonly ProgramEffort[];
  readonly ranking: Ranking | null;
  readonly rounds: readonly Dated<OpenRound>[];
  readonly snapshots: readonly Dated<Snapshot>[];
  readonly prunes: readonly Dated<Prune & { readonly epoch: number }>[];
  /** losses that were not finite, and what was done */
  readonly goneBack: readonly Dated<GoBack>[];
  readonly choice: Choose | null;
  readonly reports: readonly Report[];
  readonly participation: Participation;
  readonly bytesFreed: number;
  /** the one evaluation on the test split, before the run's end tells of it */
  readonly test: Evaluation | null;
  readonly result: RunResult | null;
  readonly failure: Failure | null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function chronicle(journal: Journal): Chronicle {
  const { plan } = journal;
  const sessions = [...journal.sessions()].sort((a, b) => a.startedAt - b.startedAt);
  const rounds: Dated<OpenRound>[] = [];
  const snapshots: Dated<Snapshot>[] = [];
  const prunes: Dated<Prune & { epoch: number }>[] = [];
  const goneBack: Dated<GoBack>[] = [];
  const reports: Report[] = [];
  const trained = zeros(plan);
  const gated = zeros(plan);
  const efforts = new Map<string, Writable<ProgramEffort>>();
  const open = new Map<number, NumberedJob & { program: string }>();
  let entries = 0;
  let firstAt: number | null = null;
  let lastAt: number | null = null;
  let program = "inspect";
  let model: Pick<Model, "costs" | "batchSizes"> | null = null;
  let streams: readonly StreamSpec[] = [];
  let data: DataInfo | null = null;
  let device: string | null = null;
  let ranking: Ranking | null = plan.ranking.source === "given" ? plan.ranking.ranking : null;
  let choice: Choose | null = null;
  let test: Evaluation | null = null;
  let result: RunResult | null = null;
  let failure: Failure | null = null;
  let bytesFreed = 0;

  const effortIn = (name: string, at: number): Writable<ProgramEffort> => {
    const known = efforts.get(name);
    if (known) return known;
    const fresh: Writable<ProgramEffort> = {
      ...{ program: name, beganAt: at, wallMs: 0, jobs: 0, weightSteps: 0, gateSteps: 0, evaluations: 0 },
      ...{ samples: 0, macs: 0, workerMs: 0, dataMs: 0, computeMs: 0, waitMs: 0 },
    };
    efforts.set(name, fresh);
    return fresh;
  };

  const takeAnswer = (at: number, answer: Answer): void => {
    const issued = open.get(answer.jobId);
    open.delete(answer.jobId);
    const { signal, timing } = answer;
    const effort = effortIn(issued?.program ?? program, at);
    effort.jobs++;
    effort.workerMs += timing.totalMs;
    effort.dataMs += timing.dataMs;
    effort.computeMs += timing.computeMs;
    effort.waitMs += timing.waitMs;
    if (signal.kind === "inspect") data = signal.data;
    if (signal.kind === "restrict") bytesFreed += signal.bytesFreed;
    if (!issued) return;
    const { job } = issued;
    if (job.kind === "prepare" && signal.kind === "prepare") {
      device = signal.device;
      streams = job.streams;
      model = {
        costs: costTable(job.space),
        batchSizes: Object.fromEntries(job.streams.map((stream) => [stream.name, stream.batchSize])),
      };
    }
    if (job.kind === "train") effort.weightSteps += job.steps.length;
    if (job.kind === "gates") effort.gateSteps += job.steps.length;
    if (job.kind === "evaluate") effort.evaluations++;
    if (issued.program === "search") participate(job, trained, gated);
    if (job.kind === "evaluate" && signal.kind === "evaluate") {
      if (streams.find(({ name }) => name === job.stream)?.split === "test") test = signal.results[0] ?? null;
    }
    const spent = model && effortOf(model, job, signal);
    if (spent) {
      effort.samples += spent.samples;
      effort.macs += spent.macs;
    }
  };

  for (const { at, event, decisions } of journal.entries()) {
    entries++;
    firstAt ??= at;
    // time in which no session was open belongs to nobody
    const session = sessions.findLast(({ startedAt }) => startedAt <= at);
    effortIn(program, at).wallMs += Math.max(0, at - Math.max(lastAt ?? at, session?.startedAt ?? at));
    lastAt = at;
    if (event.type === "job-finished") takeAnswer(at, event.answer);
    for (const decision of decisions) {
      switch (decision.type) {
        case "issue":
          open.set(decision.id, { id: decision.id, job: decision.job, program });
          break;
        case "begin-program":
          program = decision.program;
          effortIn(program, at);
          break;
        case "rank-classes":
          ranking = decision.ranking;
          break;
        case "open-round":
          rounds.push({ ...decision, at });
          break;
        case "snapshot":
          snapshots.push({ ...decision, at });
          break;
        case "prune":
          prunes.push({ ...decision, at, epoch: snapshots.at(-1)?.epoch ?? 0 });
          break;
        case "choose":
          choice = decision;
          break;
        case "report":
          reports.push(stripped(decision));
          break;
        case "finish":
          result = decision.result;
          break;
        case "go-back":
          goneBack.push({ ...decision, at });
          break;
        case "give-up":
          failure = decision.failure;
          break;
      }
    }
  }
  return {
    ...{
      entries,
      firstAt,
      lastAt,
      data,
      device,
      efforts: [...efforts.values()],
      ranking,
      rounds,
      snapshots,
      prunes,
      goneBack,
    },
    ...{ choice, reports, participation: { trained, gated }, bytesFreed, test, result, failure },
  };
}

const stripped = ({ type, series, epoch, value }: Report): Report => ({ type, series, epoch, value });

const zeros = (plan: Plan): number[][] => plan.space.slots.map((slot) => slot.candidates.map(() => 0));

function participate(job: Job, trained: number[][], gated: number[][]): void {
  if (job.kind === "train") {
    for (const { paths } of job.steps) {
      for (const { architecture } of paths)
        for (const [slot, candidate] of architecture.entries()) trained[slot][candidate]++;
    }
  } else if (job.kind === "gates") {
    for (const { architecture, alternatives } of job.steps) {
      for (const [slot, candidate] of architecture.entries()) {
        gated[slot][candidate]++;
        for (const other of alternatives[slot] ?? []) if (other !== candidate) gated[slot][other]++;
      }
    }
  }
}
