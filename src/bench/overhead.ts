import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DanasError } from "../domain/errors.js";
import type { NumberedJob, TrainJob } from "../domain/job.js";
import type { Space } from "../domain/space.js";
import { buildSpace } from "../spaces/builder.js";
import { builtinSpace } from "../spaces/builtins.js";
import { rng } from "../util/rng.js";
import { embeddedWorker } from "../worker/embedded.js";
import { localWorker } from "../worker/local.js";
import type { Worker, WorkerSession } from "../worker/port.js";
import { type BenchCase, type BenchResult, caseOf, environment, median } from "./harness.js";
import { classes, prepareJob } from "./synthetic.js";

export interface OverheadOptions {
  readonly python?: string | null;
  /** pairs of measurements that count; one more comes first and is thrown away */
  readonly repeats?: number;
  /** one line of progress for people */
  readonly onLine?: (line: string) => void;
}

interface Workload {
  readonly name: string;
  readonly space: Space;
  /** what a step is to take; the batch is chosen for it */
  readonly targetMs: number;
  /** CPU threads; 0 = all cores */
  readonly threads: number;
  readonly stepsPerJob: number;
  readonly jobs: number;
}

/** hardly a network: what is left of a step is nearly all Python's and PyTorch's own cost */
const smallest = buildSpace(
  {
    name: "smallest",
    activation: "relu",
    stem: [{ op: "c3", width: 4, stride: 2 }],
    stages: [{ width: 4, slots: 1, stride: 1, candidates: ["k3e1", "skip"] }],
    head: { width: 8, hidden: 0, dropout: 0 },
    squeeze: { ratio: 0.25, of: "input", gate: "sigmoid" },
  },
  { channels: 1, height: 8, width: 8 },
  classes,
);

// jobs of 20 steps are the default of pipeline.stepsPerJob; where steps are that short, 50 is what one would set
const workloads: readonly Workload[] = [
  {
    name: "20 ms steps",
    space: builtinSpace("quickstart", { channels: 1, height: 28, width: 28 }, classes),
    targetMs: 20,
    threads: 0,
    stepsPerJob: 20,
    jobs: 4,
  },
  // on one thread: tensors this small are not worth a second
  { name: "1 ms steps", space: smallest, targetMs: 1, threads: 1, stepsPerJob: 20, jobs: 40 },
  { name: "1 ms steps", space: smallest, targetMs: 1, threads: 1, stepsPerJob: 50, jobs: 16 },
];

/**
 * What TypeScript and the wire cost: training steps per second through a session, over those of a bare Python loop.
 *
 * Both run in the same worker process, on the same model, in its main thread, through the same `Executor.execute`: the worker of
 * danas_bench keeps the train jobs it was sent, and on request runs them once more in a plain `for`. So a
 * ratio holds nothing but the way a job takes: TypeScript objects, encoding, socket, decoding, queue, and back. Both ways are
 * measured in turn, order swapped each time, for the machine's mood to fall on both.
 */
export async function benchOverhead(options: OverheadOptions = {}): Promise<BenchResult> {
  const onLine = options.onLine ?? ((line) => console.error(line));
  const repeats = options.repeats ?? 7;
  const python = options.python ?? null;
  const folder = mkdtempSync(join(tmpdir(), "danas-bench-"));
  const cases: BenchCase[] = [];
  const adapters: readonly { name: string; worker: Worker; lags: readonly number[] }[] = [
    {
      name: "gRPC",
      worker: localWorker({ python, program: ["-m", "danas_bench.bare_loop"] }),
      lags: [1, 0],
    },
    { name: "embedded", worker: embeddedWorker({ python, module: "danas_bench.embedded" }), lags: [1] },
  ];
  try {
    for (const { name, worker, lags } of adapters) {
      onLine(`starting a worker: ${name}`);
      const session = await worker.open({ run: "bench-overhead", runId: "1", incarnation: 1, runFolder: folder });
      const numbers = counter();
      for (const workload of workloads) {
        cases.push(...(await measure(name, session, workload, lags, repeats, numbers, onLine)));
      }
      await worker.close();
    }
  } finally {
    for (const { worker } of adapters) await worker.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { name: "overhead", ...environment(), cases };
}

type Numbers = () => number;

const counter = (): Numbers => {
  let next = 0;
  return () => next++;
};

async function measure(
  adapter: string,
  session: WorkerSession,
  workload: Workload,
  lags: readonly number[],
  repeats: number,
  numbers: Numbers,
  onLine: (line: string) => void,
): Promise<BenchCase[]> {
  const batchSize = await calibrate(session, workload, numbers);
  const steps = workload.jobs * workload.stepsPerJob;
  const through = async (lag: number) => {
    const seconds = await pump(session, trainJobs(workload, numbers), lag);
    return steps / seconds;
  };
  const bare = async () => steps / (await bareSeconds(session, workload.jobs, numbers));
  const cases: BenchCase[] = [];
  for (const lag of lags) {
    const ratios: number[] = [];
    const rates: number[] = [];
    const bareRates: number[] = [];
    for (let repeat = -1; repeat < repeats; repeat++) {
      // the bare loop runs what was sent last, so there must be something: the warm-up sends it
      const throughFirst = repeat % 2 !== 0;
      let rate = 0;
      let bareRate = 0;
      if (throughFirst) rate = await through(lag);
      bareRate = await bare();
      if (!throughFirst) rate = await through(lag);
      if (repeat < 0) continue;
      rates.push(rate);
      bareRates.push(bareRate);
      ratios.push(rate / bareRate);
    }
    const name = `${workload.name}, ${workload.stepsPerJob} a job, ${adapter}, lag ${lag}`;
    cases.push(
      caseOf(`${name}: bare Python loop`, "steps/s", bareRates),
      caseOf(`${name}: through TypeScript`, "steps/s", rates),
      caseOf(`${name}: through TypeScript / bare`, "ratio", ratios),
    );
    const ms = 1000 / median(bareRates);
    onLine(
      `${name}: batch ${batchSize}, a bare step takes ${ms.toFixed(2)} ms; through / bare = ${median(ratios).toFixed(3)}`,
    );
  }
  return cases;
}

/** Prepares the workload with a batch that makes a step take about the time it should on this machine. */
async function calibrate(session: WorkerSession, workload: Workload, numbers: Numbers): Promise<number> {
  const stepMs = async (batchSize: number): Promise<number> => {
    await prepare(session, workload, batchSize, numbers);
    // twice: the first job also pays for memory and kernels that are used for the first time
    for (let i = 0; i < 2; i++) await pump(session, trainJobs({ ...workload, jobs: 2 }, numbers), 0);
    return (1000 * (await bareSeconds(session, 2, numbers))) / (2 * workload.stepsPerJob);
  };
  // time is about a + b x batch: two points give the line
  const [small, large] = [4, 32];
  const [a, b] = [await stepMs(small), await stepMs(large)];
  const perImage = Math.max(1e-6, (b - a) / (large - small));
  const batchSize = Math.max(1, Math.min(1024, Math.round(small + (workload.targetMs - a) / perImage)));
  await prepare(session, workload, batchSize, numbers);
  return batchSize;
}

async function prepare(session: WorkerSession, { space, threads }: Workload, batchSize: number, numbers: Numbers) {
  await answered(session.submit({ id: numbers(), job: prepareJob(space, batchSize, 200, threads) }));
}

/**
 * Uniform paths, as a warm-up draws them: a different one each step. The jobs are the same each time but for their numbers:
 * new paths would be met for the first time (memory, kernels) by whichever way came first.
 */
function trainJobs({ space, jobs, stepsPerJob }: Workload, numbers: Numbers): NumberedJob[] {
  return Array.from({ length: jobs }, (_, index) => {
    const id = numbers();
    const draw = rng(1).fork("bench").fork(index);
    const steps: TrainJob["steps"] = Array.from({ length: stepsPerJob }, (_, step) => ({
      paths: [{ architecture: space.slots.map((slot) => draw.int(slot.candidates.length)), weight: 1 }],
      learningRate: 1e-3,
      batch: step,
    }));
    return { id, job: { kind: "train", stream: "train", scope: "all", steps } };
  });
}

/** Sends the jobs as a run does: at most lag + 1 in flight. @returns seconds, from the first job sent to the last answer */
async function pump(session: WorkerSession, jobs: readonly NumberedJob[], lag: number): Promise<number> {
  const started = performance.now();
  const inFlight: Promise<unknown>[] = [];
  for (const job of jobs) {
    if (inFlight.length > lag) await inFlight.shift();
    const answer = answered(session.submit(job));
    answer.catch(() => undefined); // awaited below, unless one before it fails first
    inFlight.push(answer);
  }
  await Promise.all(inFlight);
  return (performance.now() - started) / 1000;
}

/** the last so many train jobs once more, in a Python loop, timed by Python */
async function bareSeconds(session: WorkerSession, jobs: number, numbers: Numbers): Promise<number> {
  const job = { kind: "export", architecture: [], folder: `bench/bare/${jobs}` } as const;
  const signal = await answered(session.submit({ id: numbers(), job }));
  if (signal.kind !== "export" || signal.files[0]?.path !== "nanoseconds") {
    throw new Error("the worker is not the one of danas_bench");
  }
  return signal.files[0].bytes / 1e9;
}

async function answered(outcome: ReturnType<WorkerSession["submit"]>) {
  const settled = await outcome;
  if (settled.ok) return settled.answer.signal;
  const { message, hint } = settled.failure;
  throw new DanasError("E_BENCH", message, { hint, exitCode: 1 });
}
