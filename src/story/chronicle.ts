import type { DataInfo } from "../domain/data.js";
import type { Choose, Decision, GoBack, OpenRound, Prune, Report, RunResult, Snapshot } from "../domain/decision.js";
import { assertNever } from "../domain/errors.js";
import type { NumberedJob } from "../domain/job.js";
import { kindOf, type Work } from "../domain/job-kinds.js";
import type { Plan } from "../domain/plan.js";
import type { Ranking } from "../domain/ranking.js";
import type { Answer, Evaluation, Failure } from "../domain/signal.js";
import type { Model } from "../engine/state.js";
import { pricesOf, workOf } from "../engine/work.js";
import type { JournalEntry } from "../journal/port.js";

/** What a program cost, of the jobs that were answered. What a resume ran again is not in the journal, nor here. */
export interface ProgramEffort extends Work {
  /** of Plan.programs; `inspect` is what came before the first */
  readonly program: string;
  readonly beganAt: number;
  /** by the wall clock, pauses between sessions left out */
  readonly wallMs: number;
  readonly jobs: number;
  /** sums of what the worker told of its jobs */
  readonly workerMs: number;
  readonly dataMs: number;
  readonly computeMs: number;
  readonly waitMs: number;
}

/** milliseconds since the epoch */
type Dated<T> = T & { readonly at: number };

export interface Curve {
  readonly series: Report["series"];
  readonly points: readonly (readonly [epoch: number, value: number])[];
}

/**
 * What a journal tells, sorted: a fold of its entries, plain JSON that may be kept and gone on from. It grows with epochs
 * and rounds, not with jobs. `tell` adds to it in place, since a copy at each entry would make a long run quadratic: what
 * is taken out of one that goes on must be copied.
 */
export interface Chronicle {
  entries: number;
  firstAt: number | null;
  lastAt: number | null;
  /** of Plan.programs; `inspect` before the first */
  program: string;
  data: DataInfo | null;
  device: string | null;
  /** in the order in which they began */
  efforts: Writable<ProgramEffort>[];
  ranking: Ranking | null;
  rounds: Dated<OpenRound>[];
  snapshots: Dated<Snapshot>[];
  prunes: Dated<Prune & { readonly epoch: number }>[];
  /** losses that were not finite, and what was done */
  goneBack: Dated<GoBack>[];
  choice: Choose | null;
  curves: { readonly series: Report["series"]; readonly points: [epoch: number, value: number][] }[];
  /** [slot][candidate]: weight steps whose path had it */
  trained: number[][];
  /** [slot][candidate]: gate steps that had it, active or alternative */
  gated: number[][];
  bytesFreed: number;
  /** the one evaluation on the test split, before the run's end tells of it */
  test: Evaluation | null;
  result: RunResult | null;
  failure: Failure | null;
  /** issued and not yet answered */
  open: (NumberedJob & { readonly program: string })[];
  /** the model that answers now come from */
  model: (Pick<Model, "costs" | "batchSizes"> & { readonly testStreams: readonly string[] }) | null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const beginChronicle = ({ space }: Plan): Chronicle => ({
  ...{ entries: 0, firstAt: null, lastAt: null, program: "inspect", data: null, device: null, efforts: [] },
  ...{ ranking: null, rounds: [], snapshots: [], prunes: [], goneBack: [], choice: null, curves: [] },
  trained: space.slots.map((slot) => slot.candidates.map(() => 0)),
  gated: space.slots.map((slot) => slot.candidates.map(() => 0)),
  ...{ bytesFreed: 0, test: null, result: null, failure: null, open: [], model: null },
});

/**
 * Takes in the next entry.
 * @param session when the session began in which it was written: the time between sessions belongs to nobody; null = none
 */
export function tell(told: Chronicle, { at, event, decisions }: JournalEntry, session: number | null): void {
  told.entries++;
  told.firstAt ??= at;
  effortIn(told, told.program, at).wallMs += Math.max(0, at - Math.max(told.lastAt ?? at, session ?? at));
  told.lastAt = at;
  if (event.type === "job-finished") takeAnswer(told, at, event.answer);
  for (const decision of decisions) takeDecision(told, at, decision);
}

function takeDecision(told: Chronicle, at: number, decision: Decision): void {
  switch (decision.type) {
    case "issue":
      told.open.push({ id: decision.id, job: decision.job, program: told.program });
      break;
    case "begin-program":
      told.program = decision.program;
      effortIn(told, told.program, at);
      break;
    case "rank-classes":
      told.ranking = decision.ranking;
      break;
    case "open-round":
      told.rounds.push({ ...decision, at });
      break;
    case "snapshot":
      told.snapshots.push({ ...decision, at });
      break;
    case "prune":
      told.prunes.push({ ...decision, at, epoch: told.snapshots.at(-1)?.epoch ?? 0 });
      break;
    case "choose":
      told.choice = decision;
      break;
    case "report": {
      const curve = told.curves.find(({ series }) => series === decision.series);
      const point: [number, number] = [decision.epoch, decision.value];
      if (curve) curve.points.push(point);
      else told.curves.push({ series: decision.series, points: [point] });
      break;
    }
    case "finish":
      told.result = decision.result;
      break;
    case "go-back":
      told.goneBack.push({ ...decision, at });
      // these are issued again under other numbers
      told.open = told.open.filter(({ id }) => id !== decision.failedJob && !decision.discarded.includes(id));
      break;
    case "give-up":
      told.failure = decision.failure;
      break;
    default:
      assertNever(decision);
  }
}

function takeAnswer(told: Chronicle, at: number, { jobId, signal, timing }: Answer): void {
  const issued = told.open.find(({ id }) => id === jobId);
  told.open = told.open.filter(({ id }) => id !== jobId);
  const effort = effortIn(told, issued?.program ?? told.program, at);
  effort.jobs++;
  effort.workerMs += timing.totalMs;
  effort.dataMs += timing.dataMs;
  effort.computeMs += timing.computeMs;
  effort.waitMs += timing.waitMs;
  if (signal.kind === "inspect") told.data = signal.data;
  if (signal.kind === "restrict") told.bytesFreed += signal.bytesFreed;
  if (!issued) return;
  const { job } = issued;
  if (job.kind === "prepare" && signal.kind === "prepare") {
    told.device = signal.device;
    told.model = {
      ...pricesOf(job),
      testStreams: job.streams.filter(({ split }) => split === "test").map(({ name }) => name),
    };
  }
  if (issued.program === "search") kindOf(job).participate(job, told);
  if (job.kind === "evaluate" && signal.kind === "evaluate" && told.model?.testStreams.includes(job.stream)) {
    told.test = signal.results[0] ?? null;
  }
  const work = told.model ? workOf(told.model, job, signal) : {};
  for (const [unit, amount] of Object.entries(work)) effort[unit as keyof Work] += amount;
}

function effortIn({ efforts }: Chronicle, program: string, at: number): Writable<ProgramEffort> {
  const known = efforts.find((effort) => effort.program === program);
  if (known) return known;
  const fresh: ProgramEffort = {
    ...{ program, beganAt: at, wallMs: 0, jobs: 0, weightSteps: 0, gateSteps: 0, evaluations: 0 },
    ...{ samples: 0, macs: 0, workerMs: 0, dataMs: 0, computeMs: 0, waitMs: 0 },
  };
  efforts.push(fresh);
  return fresh;
}
