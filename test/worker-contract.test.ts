import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { architectureCost, costTable } from "../src/cost/table.js";
import type { Job, NumberedJob } from "../src/domain/job.js";
import type { Signal } from "../src/domain/signal.js";
import { memoryJournal } from "../src/journal/memory.js";
import { run } from "../src/runner/run.js";
import { spaceHash } from "../src/spaces/hash.js";
import { systemClock } from "../src/util/clock.js";
import { embeddedWorker } from "../src/worker/embedded.js";
import { localWorker } from "../src/worker/local.js";
import { mockWorker } from "../src/worker/mock/worker.js";
import type { Worker, WorkerSession } from "../src/worker/port.js";
import { mockSettings, wholePlan } from "./support/plan.js";

// One suite for every adapter of the port: what a search may count on, whoever works.

const plan = wholePlan();
const paths = [
  [0, 0, 0, 0],
  [1, 3, 2, 3],
];

const prepare: Job = {
  kind: "prepare",
  space: plan.space,
  spaceHash: spaceHash(plan.space),
  data: plan.data,
  streams: [
    { name: "train", split: "train", classes: [], batchSize: 8, shuffle: true, seed: 1, augment: null },
    { name: "valid", split: "valid", classes: [], batchSize: 16, shuffle: false, seed: 2, augment: null },
  ],
  optimizer: plan.search.recipe.optimizer,
  task: { kind: "classification", labelSmoothing: 0 },
  compute: plan.compute,
  seed: 3,
  checks: paths,
};

const train = (first: number, path = paths[0]): Job => ({
  kind: "train",
  stream: "train",
  scope: "all",
  steps: [0, 1, 2].map((i) => ({
    paths: [{ architecture: path, weight: 1 }],
    learningRate: 0.05,
    batch: first + i,
  })),
});

const adapters: readonly [string, () => Worker][] = [
  ["mock", () => mockWorker(mockSettings)],
  ["local", () => localWorker({})],
  ["embedded", () => embeddedWorker({})],
];

describe.each(adapters)("the %s worker", (name, make) => {
  let folder: string;
  let worker: Worker;
  let session: WorkerSession;
  let next = 0;
  const numbered = (job: Job): NumberedJob => ({ id: next++, job });
  const done = async (job: Job): Promise<Signal> => {
    const outcome = await session.submit(numbered(job));
    if (!outcome.ok) throw new Error(outcome.failure.message);
    return outcome.answer.signal;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "danas-contract-"));
    worker = make();
    session = await worker.open({ run: "contract", runId: "1", incarnation: 1, runFolder: folder });
  }, 120_000);
  afterAll(async () => {
    await session?.close();
    await worker?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("says who it is, and whether its numbers are made up", () => {
    expect(session.welcome.mock).toBe(name === "mock");
    expect(session.welcome.devices.length).toBeGreaterThan(0);
  });

  it("finds the classes and images of the data", async () => {
    const signal = await done({ kind: "inspect", data: plan.data });
    if (signal.kind !== "inspect") throw new Error(signal.kind);
    expect(signal.data.classes).toHaveLength(6);
    for (const { counts } of signal.data.splits) expect(counts).toHaveLength(6);
  });

  it("counts the MACs and parameters that the cost model has", async () => {
    const signal = await done(prepare);
    const table = costTable(plan.space);
    const costs = paths.map((path) => architectureCost(table, path));
    expect(signal).toMatchObject({ macs: costs.map(({ macs }) => macs), params: costs.map(({ params }) => params) });
  });

  it("answers jobs in order without being waited for, one number per step", async () => {
    const answers = await Promise.all([train(0), train(3), train(6)].map((job) => session.submit(numbered(job))));
    const ids = answers.map((outcome) => (outcome.ok ? outcome.answer.jobId : -1));
    expect(ids).toEqual([ids[0], ids[0] + 1, ids[0] + 2]);
    for (const outcome of answers) {
      if (!outcome.ok || outcome.answer.signal.kind !== "train") throw new Error("no answer");
      expect(outcome.answer.signal.losses).toHaveLength(3);
      expect(outcome.answer.signal.samples).toBe(24);
    }
  });

  it("answers a job that comes again from memory", async () => {
    const job = numbered(train(9));
    const first = await session.submit(job);
    expect(await session.submit(job)).toEqual(first);
  });

  it("tells a gate gradient for the active candidate and each alternative", async () => {
    const alternatives = [[1], [0, 2], [], [1]];
    const signal = await done({
      kind: "gates",
      stream: "valid",
      steps: [{ architecture: [0, 1, 2, 3], alternatives, batch: 0 }],
    });
    if (signal.kind !== "gates") throw new Error(signal.kind);
    expect(signal.steps[0].gradients.map((row) => row.length)).toEqual([2, 3, 1, 2]);
  });

  it("evaluates over all classes, as fractions", async () => {
    const recalibrate = { stream: "train", batches: 1 };
    const signal = await done({ kind: "evaluate", stream: "valid", architectures: paths, batches: 0, recalibrate });
    if (signal.kind !== "evaluate") throw new Error(signal.kind);
    expect(signal.results).toHaveLength(2);
    for (const { accuracy, perClass } of signal.results) {
      expect(perClass).toHaveLength(6);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(1);
    }
  });

  it("fails a job that makes no sense, and does the next", async () => {
    const outcome = await session.submit(numbered(train(12, [9, 9, 9, 9])));
    expect(outcome.ok ? "done" : outcome.failure.code).toBe("invalid_job");
    expect((await done(train(12))).kind).toBe("train");
  });

  it("goes on from a checkpoint as it went on the first time", async () => {
    const saved = await session.checkpoint("checkpoints/one");
    if (!saved.ok) throw new Error(saved.failure.message);
    // only where it is told which ones stay does it remove others
    await session.checkpoint("checkpoints/two");
    expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual(["one", "two"]);
    await session.checkpoint("checkpoints/three", ["checkpoints/one", "checkpoints/gone"]);
    expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual(["one", "three"]);
    const id = next++;
    const first = await session.submit({ id, job: train(15) });
    await session.close();
    session = await worker.open({ run: "contract", runId: "1", incarnation: 2, runFolder: folder });
    await done(prepare);
    expect(await session.restore(saved.path, "0".repeat(64))).toMatchObject({ ok: false });
    expect(await session.restore(saved.path, saved.sha256)).toMatchObject({ ok: true });
    const second = await session.submit({ id, job: train(15) });
    expect(second.ok && first.ok && second.answer.signal).toEqual(first.ok && first.answer.signal);
  }, 120_000);

  it("refuses a candidate that was cut", async () => {
    await done({ kind: "restrict", alive: [[0], [0], [0], [0]] });
    const outcome = await session.submit(numbered(train(18, [1, 0, 0, 0])));
    expect(outcome.ok ? "done" : outcome.failure.code).toBe("invalid_job");
  });
});

describe("a search on the Python worker", () => {
  const search = async () => {
    const folder = mkdtempSync(join(tmpdir(), "danas-same-"));
    const worker = localWorker({});
    const journal = memoryJournal(plan);
    try {
      const ending = await run({
        plan,
        journal,
        worker,
        runFolder: folder,
        checkpoints: { everySeconds: 0, keep: 1, rounds: false },
        clock: systemClock,
        signal: new AbortController().signal,
        owner: { host: "here", pid: 1, versions: {} },
      });
      if (ending.kind !== "done") throw new Error(JSON.stringify(ending));
      const weights = ending.result.exported.find(({ path }) => path.endsWith(".safetensors"))?.sha256;
      return { decisions: [...journal.entries()].map((entry) => entry.decisions), weights };
    } finally {
      await worker.close();
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it("with the same seed decides the same and ends in the same weights, bit for bit", async () => {
    const first = await search();
    expect(first.weights).toMatch(/^[0-9a-f]{64}$/);
    expect(await search()).toEqual(first);
  }, 180_000);
});
