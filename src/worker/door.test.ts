import { describe, expect, it } from "vitest";
import type { Job, JobOf, NumberedJob } from "../domain/job.js";
import { Reply } from "../wire/generated/danas/v1/signal.js";
import { checkpointOutcomeOf, MalformedReply, outcomeOf, restoreOutcomeOf } from "./door.js";

type Told = Reply["answer"];

const timing = { totalMs: 40, dataMs: 1, computeMs: 38, waitMs: 2 };
const rows = (...lists: number[][]) => lists.map((list) => ({ list }));

/** what comes out after the reply went over the wire as bytes */
function answered(job: Job, answer: Told) {
  const numbered: NumberedJob = { id: 17, job };
  return outcomeOf(numbered, Reply.decode(Reply.encode({ id: "job-17", answer, timing }).finish()));
}

const train: Job = {
  kind: "train",
  stream: "train",
  scope: "all",
  steps: [0, 1].map((batch) => ({ paths: [{ architecture: [0, 0], weight: 1 }], learningRate: 0.1, batch })),
};
const gates: Job = {
  kind: "gates",
  stream: "valid",
  steps: [{ architecture: [0, 2], alternatives: [[1], []], batch: 4 }],
};
const architectures = [
  [0, 0],
  [1, 1],
];
const score: Job = { kind: "score", stream: "valid", architectures, batches: [3, 4, 5] };
const recalibrate = { stream: "", batches: 0 };
const evaluate: Job = { kind: "evaluate", stream: "valid", architectures: [[0, 0]], batches: 0, recalibrate };
const input = { channels: 1, height: 8, width: 8 };
const inspect: JobOf<"inspect"> = {
  kind: "inspect",
  data: {
    source: { kind: "synthetic", perClass: 4, noise: 0.5 },
    ...{ input, classes: 2, validFraction: 0.25, testFraction: 0.25, splitSeed: 1, onDevice: "auto" },
  },
};
const head = { blocks: [], hidden: 0, hiddenActivation: "relu", dropout: 0 } as const;
const prepare: Job = {
  kind: "prepare",
  space: { name: "", input, classes: 2, stem: [], slots: [], head },
  ...{ spaceHash: "", data: inspect.data, streams: [], seed: 1, checks: [[0]] },
  optimizer: { momentum: 0, nesterov: false, weightDecay: 0, decayNorm: false, clipValue: null },
  task: { kind: "classification", labelSmoothing: 0 },
  compute: { device: "cpu", precision: "float32", channelsLast: false, compile: false, threads: 1 },
};
const losses = (...value: number[]): Told => ({
  $case: "train",
  value: { losses: value, accuracies: [0, 0], samples: 2 },
});
const gatesOf = (...gradients: number[][]): Told => ({
  $case: "gates",
  value: { steps: [{ loss: 1, accuracy: 0.5, gradients: rows(...gradients) }] },
});
const scored = (...lists: number[][]): Told => ({
  $case: "score",
  value: { logLikelihoods: rows(...lists), samples: [8, 8, 4] },
});
const evaluated = (...perClass: number[]): Told => ({
  $case: "evaluate",
  value: { results: [{ loss: 2, accuracy: 0.5, perClass, samples: 10 }] },
});
const inspected = (counts: number[]): Told => ({
  $case: "inspect",
  value: {
    data: { classes: ["boot", "bag"], input, splits: [{ split: "full", counts, hash: "aa" }], fingerprint: "ff" },
  },
});

describe("an answer", () => {
  it("carries the job's id, the signal in words, and the time it took", () => {
    expect(answered(gates, gatesOf([0.5, -0.25], [3]))).toEqual({
      ok: true,
      answer: {
        jobId: 17,
        signal: { kind: "gates", steps: [{ loss: 1, accuracy: 0.5, gradients: [[0.5, -0.25], [3]] }] },
        timing,
      },
    });
  });

  it.each<[Job, Told]>([
    [inspect, inspected([2, 3])],
    [prepare, { $case: "prepare", value: { device: "cpu", macs: [3e12], params: [5] } }],
    [train, losses(2.25, 1.5)],
    [gates, gatesOf([1, 2], [3])],
    [score, scored([-1, -2, -3], [-4, -5, -6])],
    [evaluate, evaluated(0, -1, 1)],
    [{ kind: "bn-scales" }, { $case: "bnScales", value: { scales: rows([0.5, 0], [1]) } }],
    [
      { kind: "restrict", alive: [[0]] },
      { $case: "restrict", value: { bytesFreed: 4096, parametersLeft: 17 } },
    ],
    [
      { kind: "export", architecture: [0], folder: "best" },
      { $case: "export", value: { files: [] } },
    ],
  ])("that is as the job asks is let in, of every kind", (job, told) => {
    expect(answered(job, told)).toMatchObject({ ok: true, answer: { signal: { kind: job.kind } } });
  });

  it("holds no -0, which JSON would not give back", () => {
    const outcome = answered(gates, gatesOf([-0, 1], [-0]));
    expect(JSON.parse(JSON.stringify(outcome))).toStrictEqual(outcome);
    expect(outcome).toMatchObject({ answer: { signal: { steps: [{ gradients: [[0, 1], [0]] }] } } });
  });

  it("without a timing, or with one that is no number, has taken no time", () => {
    const none = { totalMs: 0, dataMs: 0, computeMs: 0, waitMs: 0 };
    const reply: Reply = { id: "job-17", answer: losses(1, 1), timing: null };
    expect(outcomeOf({ id: 17, job: train }, reply)).toMatchObject({ answer: { timing: none } });
    const odd = {
      ...reply,
      timing: { totalMs: Number.NaN, dataMs: -0, computeMs: Number.POSITIVE_INFINITY, waitMs: 0 },
    };
    expect(outcomeOf({ id: 17, job: train }, odd)).toMatchObject({ answer: { timing: none } });
  });
});

describe("a number that is not finite", () => {
  it.each<[Job, Told, string]>([
    [train, losses(1, Number.NaN), "train job 17: losses.1 is NaN"],
    [train, losses(Number.POSITIVE_INFINITY, 1), "train job 17: losses.0 is Infinity"],
    [gates, gatesOf([1, Number.NaN], [1]), "gates job 17: steps.0.gradients.0.1 is NaN"],
    [score, scored([-1, -2, -3], [-1, Number.NEGATIVE_INFINITY, -3]), "logLikelihoods.1.1 is -Infinity"],
    [evaluate, evaluated(0, Number.NaN), "results.0.perClass.1 is NaN"],
    [{ kind: "bn-scales" }, { $case: "bnScales", value: { scales: rows([Number.NaN]) } }, "scales.0.0 is NaN"],
  ])("is the job's failure, naming the place (%#)", (job, told, message) => {
    const failure = { code: "non_finite", message: expect.stringContaining(message), step: null };
    expect(answered(job, told)).toMatchObject({ ok: false, failure });
  });
});

describe("an answer that makes no sense", () => {
  it.each<[string, Job, Told]>([
    ["the answer to a train is empty", train, null],
    ["a train was asked, restore was answered", train, { $case: "restore", value: {} }],
    ["1 losses where 2 were asked", train, losses(1)],
    ["1 losses where 2 were asked", train, losses(Number.NaN)],
    ["1 rows of gate gradients where 2 were asked", gates, gatesOf([1, 2])],
    ["1 gate gradients where 2 were asked", gates, gatesOf([1], [1])],
    ["0 gate steps where 1 were asked", gates, { $case: "gates", value: { steps: [] } }],
    ["1 rows of log-likelihoods where 2 were asked", score, scored([1, 2, 3])],
    ["2 log-likelihoods where 3 were asked", score, scored([1, 2], [1, 2, 3])],
    ["0 evaluations where 1 were asked", evaluate, { $case: "evaluate", value: { results: [] } }],
    ["2 counted MACs where 1 were", prepare, { $case: "prepare", value: { device: "", macs: [1, 2], params: [1] } }],
    ["0 counted parameters where 1", prepare, { $case: "prepare", value: { device: "", macs: [1], params: [] } }],
    ["data is missing", inspect, { $case: "inspect", value: { data: null } }],
    [
      "data.input is missing",
      inspect,
      { $case: "inspect", value: { data: { classes: [], input: null, splits: [], fingerprint: "" } } },
    ],
    ["1 class counts of full where 2 were asked", inspect, inspected([1])],
  ])("is told as such: %s", (message, job, told) => {
    expect(() => answered(job, told)).toThrow(MalformedReply);
    expect(() => answered(job, told)).toThrow(message);
  });

  it("is one to a checkpoint or a restore that is empty", () => {
    const empty: Reply = { id: "checkpoint-1", answer: null, timing: null };
    expect(() => checkpointOutcomeOf(empty)).toThrow("the answer to a checkpoint is empty");
    expect(() => restoreOutcomeOf(empty)).toThrow("the answer to a restore is empty");
  });
});

describe("a failure", () => {
  it.each([0, null])("is told as it is, with the step it names (%s)", (step) => {
    const failure = { code: "non_finite", message: "it broke", hint: "mend it", step } as const;
    const told: Told = { $case: "failure", value: failure };
    expect(answered(train, told)).toEqual({ ok: false, failure });
    expect(checkpointOutcomeOf({ id: "", answer: told, timing: null })).toEqual({ ok: false, failure });
    expect(restoreOutcomeOf({ id: "", answer: told, timing: null })).toEqual({ ok: false, failure });
  });
});

describe("a checkpoint", () => {
  const written = (sha256: string): Reply => ({
    ...{ id: "checkpoint-1", timing: null },
    answer: { $case: "checkpoint", value: { path: "checkpoints/a.pt", bytes: 5e9, sha256 } },
  });

  it("has its path, size and hash", () => {
    const sha256 = "0123456789abcdef".repeat(4);
    expect(checkpointOutcomeOf(written(sha256))).toEqual({ ok: true, path: "checkpoints/a.pt", bytes: 5e9, sha256 });
  });

  it("needs a hash that is one: it decides later what may be restored", () => {
    expect(() => checkpointOutcomeOf(written(""))).toThrow(MalformedReply);
  });
});
