import { describe, expect, it } from "vitest";
import type { Job, NumberedJob } from "../../domain/job.js";
import type { Signal as WireSignal } from "../generated/danas/v1/signal.js";
import { Reply } from "../generated/danas/v1/worker.js";
import { checkpointFromWire, MalformedReply, outcomeFromWire, restoreFromWire } from "./replies.js";

type Told = NonNullable<WireSignal["kind"]>;

/** what comes out after the signal went over the wire as bytes */
function answered(job: Job, told: Told | undefined) {
  const numbered: NumberedJob = { id: 17, job };
  const reply: Reply = {
    id: "job-17",
    result: { $case: "signal", value: { kind: told } },
    timing: { totalMs: 40, dataMs: 1, computeMs: 38, waitMs: 2 },
  };
  return outcomeFromWire(numbered, Reply.decode(Reply.encode(reply).finish()));
}

function signalOf(job: Job, told: Told) {
  const outcome = answered(job, told);
  if (!outcome.ok) throw new Error(`a failure: ${outcome.failure.message}`);
  return outcome.answer.signal;
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
const score: Job = {
  kind: "score",
  stream: "valid",
  architectures: [
    [0, 0],
    [1, 1],
  ],
  batches: [3, 4, 5],
};
const evaluate: Job = {
  kind: "evaluate",
  stream: "valid",
  architectures: [[0, 0]],
  batches: 0,
  recalibrate: { stream: "", batches: 0 },
};
const inspect: Job = {
  kind: "inspect",
  data: {
    source: { kind: "synthetic", perClass: 4, noise: 0.5 },
    input: { channels: 1, height: 8, width: 8 },
    classes: 2,
    validFraction: 0.25,
    testFraction: 0.25,
    splitSeed: 1,
    onDevice: "auto",
  },
};

describe("an answer off the wire", () => {
  it("carries the job's id, the signal and the time it took", () => {
    const told: Told = { $case: "train", value: { losses: [2.25, 1.5], accuracies: [0.125, 0.5], samples: 128 } };
    expect(answered(train, told)).toEqual({
      ok: true,
      answer: {
        jobId: 17,
        signal: { kind: "train", losses: [2.25, 1.5], accuracies: [0.125, 0.5], samples: 128 },
        timing: { totalMs: 40, dataMs: 1, computeMs: 38, waitMs: 2 },
      },
    });
  });

  it("tells what data there is, classes in label order", () => {
    const input = { channels: 1, height: 8, width: 8 };
    const splits = [
      { split: "train", counts: [2, 3], hash: "aa" },
      { split: "full", counts: [4, 5], hash: "bb" },
    ];
    const value = { classes: ["boot", "bag"], input, splits, fingerprint: "ff" };
    expect(signalOf(inspect, { $case: "inspect", value })).toEqual({ kind: "inspect", data: value });
  });

  it("gives gate gradients per slot: the active candidate's, then the alternatives'", () => {
    const steps = [{ loss: 1, accuracy: 0.5, gradients: [{ values: [0.5, -0.25] }, { values: [3] }] }];
    expect(signalOf(gates, { $case: "gates", value: { steps } })).toEqual({
      kind: "gates",
      steps: [{ loss: 1, accuracy: 0.5, gradients: [[0.5, -0.25], [3]] }],
    });
  });

  it("gives log-likelihoods per architecture and batch", () => {
    const logLikelihoods = [{ values: [-1, -2, -3] }, { values: [-4, -5, -6] }];
    expect(signalOf(score, { $case: "score", value: { logLikelihoods, samples: [8, 8, 4] } })).toEqual({
      kind: "score",
      logLikelihoods: [
        [-1, -2, -3],
        [-4, -5, -6],
      ],
      samples: [8, 8, 4],
    });
  });

  it("knows a class without images from one never recognised", () => {
    const results = [{ loss: 2, accuracy: 0.5, perClass: [0, -1, 1], samples: 10 }];
    expect(signalOf(evaluate, { $case: "evaluate", value: { results } })).toEqual({
      kind: "evaluate",
      results: [{ loss: 2, accuracy: 0.5, perClass: [0, null, 1], samples: 10 }],
    });
  });

  it("tells counted costs, batch-norm scales, what a cut freed, and exported files", () => {
    const prepare = { kind: "prepare", checks: [[0]] } as unknown as Job;
    expect(signalOf(prepare, { $case: "prepare", value: { device: "cpu", macs: [3e12], params: [5] } })).toEqual({
      kind: "prepare",
      device: "cpu",
      macs: [3e12], // more than 32 bits hold
      params: [5],
    });
    const scales = [{ values: [0.5, 0] }, { values: [1] }];
    expect(signalOf({ kind: "bn-scales" }, { $case: "bnScales", value: { scales } })).toEqual({
      kind: "bn-scales",
      scales: [[0.5, 0], [1]],
    });
    const freed = { bytesFreed: 4096, parametersLeft: 17 };
    expect(signalOf({ kind: "restrict", alive: [[0]] }, { $case: "restrict", value: freed })).toEqual({
      kind: "restrict",
      ...freed,
    });
    const files = [{ path: "model.safetensors", bytes: 9, sha256: "ab" }];
    expect(
      signalOf({ kind: "export", architecture: [0], folder: "best" }, { $case: "export", value: { files } }),
    ).toEqual({ kind: "export", files });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "with a loss of %d is the job's failure, naming the step",
    (loss) => {
      const outcome = answered(train, {
        $case: "train",
        value: { losses: [1, loss], accuracies: [0, 0], samples: 2 },
      });
      expect(outcome).toMatchObject({
        ok: false,
        failure: { code: "non-finite", message: `train job 17: the loss of step 1 is ${loss}` },
      });
    },
  );

  it.each<[string, Job, Told]>([
    [
      "a gate gradient",
      gates,
      {
        $case: "gates",
        value: { steps: [{ loss: 1, accuracy: 0, gradients: [{ values: [1, Number.NaN] }, { values: [1] }] }] },
      },
    ],
    [
      "a log-likelihood",
      score,
      {
        $case: "score",
        value: {
          logLikelihoods: [{ values: [-1, -2, -3] }, { values: [-1, Number.NEGATIVE_INFINITY, -3] }],
          samples: [1, 1, 1],
        },
      },
    ],
    [
      "a class's accuracy",
      evaluate,
      { $case: "evaluate", value: { results: [{ loss: 1, accuracy: 0, perClass: [Number.NaN], samples: 1 }] } },
    ],
    [
      "a batch-norm scale",
      { kind: "bn-scales" },
      { $case: "bnScales", value: { scales: [{ values: [Number.POSITIVE_INFINITY] }] } },
    ],
  ])("with %s that is not finite is a failure too", (_, job, told) => {
    expect(answered(job, told)).toMatchObject({ ok: false, failure: { code: "non-finite" } });
  });

  it("holds no -0, which JSON would not give back", () => {
    const steps = [{ loss: 1, accuracy: 0, gradients: [{ values: [-0, 1] }, { values: [-0] }] }];
    const signal = signalOf(gates, { $case: "gates", value: { steps } });
    expect(JSON.parse(JSON.stringify(signal))).toStrictEqual(signal);
    expect(signal).toMatchObject({ steps: [{ gradients: [[0, 1], [0]] }] });
  });

  it("without a timing has taken no time", () => {
    const reply: Reply = {
      id: "job-17",
      result: {
        $case: "signal",
        value: { kind: { $case: "train", value: { losses: [1, 1], accuracies: [0, 0], samples: 2 } } },
      },
    };
    expect(outcomeFromWire({ id: 17, job: train }, reply)).toMatchObject({
      answer: { timing: { totalMs: 0, dataMs: 0, computeMs: 0, waitMs: 0 } },
    });
  });
});

describe("an answer that makes no sense is told as such", () => {
  it.each<[string, Job, Told | undefined]>([
    ["the answer to a train is empty", train, undefined],
    ["a train was asked, restore was answered", train, { $case: "restore", value: {} }],
    ["1 losses where 2 were asked", train, { $case: "train", value: { losses: [1], accuracies: [0, 0], samples: 1 } }],
    [
      "1 gate gradients where 2 were asked",
      gates,
      {
        $case: "gates",
        value: { steps: [{ loss: 1, accuracy: 0, gradients: [{ values: [1] }, { values: [1] }] }] },
      },
    ],
    [
      "2 log-likelihoods where 3 were asked",
      score,
      {
        $case: "score",
        value: { logLikelihoods: [{ values: [1, 2] }, { values: [1, 2, 3] }], samples: [1, 1, 1] },
      },
    ],
    ["0 evaluations where 1 were asked", evaluate, { $case: "evaluate", value: { results: [] } }],
    [
      "the data's input shape is missing",
      inspect,
      { $case: "inspect", value: { classes: [], splits: [], fingerprint: "" } },
    ],
    [
      '"holdout" is not a split',
      inspect,
      {
        $case: "inspect",
        value: {
          classes: [],
          input: { channels: 1, height: 1, width: 1 },
          splits: [{ split: "holdout", counts: [], hash: "" }],
          fingerprint: "",
        },
      },
    ],
  ])("%s", (message, job, told) => {
    expect(() => answered(job, told)).toThrow(MalformedReply);
    expect(() => answered(job, told)).toThrow(message);
  });

  it("neither signal nor failure", () => {
    expect(() => outcomeFromWire({ id: 17, job: train }, { id: "job-17" })).toThrow(MalformedReply);
    expect(() => checkpointFromWire({ id: "checkpoint-1" })).toThrow("the answer to a checkpoint is empty");
    expect(() => restoreFromWire({ id: "restore-1" })).toThrow("the answer to a restore is empty");
  });
});

describe("a failure off the wire", () => {
  it("keeps the step it names, the first one too", () => {
    const failure = (step?: number) => {
      const value = { code: "non-finite", message: "nan", hint: "", ...(step !== undefined && { step }) };
      const bytes = Reply.encode({ id: "job-3", result: { $case: "failure", value } }).finish();
      return outcomeFromWire({ id: 3, job: train }, Reply.decode(bytes));
    };
    expect(failure(0)).toMatchObject({ ok: false, failure: { code: "non-finite", step: 0 } });
    expect(failure()).toEqual({ ok: false, failure: { code: "non-finite", message: "nan", hint: "" } });
  });

  const failed = (code: string): Reply => ({
    id: "job-17",
    result: { $case: "failure", value: { code, message: "it broke", hint: "mend it" } },
  });

  it("is told as it is", () => {
    expect(outcomeFromWire({ id: 17, job: train }, failed("data"))).toEqual({
      ok: false,
      failure: { code: "data", message: "it broke", hint: "mend it" },
    });
  });

  it("of a kind this version does not know is internal, and keeps its name", () => {
    expect(checkpointFromWire(failed("disk-on-fire"))).toEqual({
      ok: false,
      failure: { code: "internal", message: "disk-on-fire: it broke", hint: "mend it" },
    });
  });
});

describe("a checkpoint off the wire", () => {
  const written = (sha256: string): Reply => ({
    id: "checkpoint-1",
    result: {
      $case: "signal",
      value: { kind: { $case: "checkpoint", value: { path: "checkpoints/a.pt", bytes: 5e9, sha256 } } },
    },
  });

  it("has its path, size and hash", () => {
    const sha256 = "0123456789abcdef".repeat(4);
    expect(checkpointFromWire(written(sha256))).toEqual({ ok: true, path: "checkpoints/a.pt", bytes: 5e9, sha256 });
  });

  it("needs a hash that is one: it decides later what may be restored", () => {
    expect(() => checkpointFromWire(written(""))).toThrow(MalformedReply);
  });
});
