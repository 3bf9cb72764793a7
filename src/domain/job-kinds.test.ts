import { describe, expect, it } from "vitest";
import type { Job } from "./job.js";
import { kindOf } from "./job-kinds.js";

/** 3 slots; a network costs 1000 and what its candidates do: 100 for the first of a slot, 200 for the second, ... */
const prices = {
  macsOf: (path: readonly number[]) => 1000 + path.reduce((sum, candidate) => sum + 100 * (candidate + 1), 0),
  candidateMacs: (_slot: number, candidate: number) => 100 * (candidate + 1),
  batchSizes: { valid: 8 },
};

const train: Job = {
  kind: "train",
  stream: "train",
  scope: "all",
  steps: [
    { paths: [{ architecture: [0, 0, 0], weight: 1 }], learningRate: 0.5, batch: 3 },
    {
      paths: [
        { architecture: [1, 0, 0], weight: 0.5 },
        { architecture: [2, 1, 0], weight: 0.5 },
      ],
      ...{ learningRate: 0.25, batch: 4 },
    },
  ],
};

const gates: Job = {
  kind: "gates",
  stream: "valid",
  steps: [{ architecture: [0, 1, 0], alternatives: [[2], [], [1, 2]], batch: 0 }],
};

const counters = () => ({ trained: [0, 0, 0].map(() => [0, 0, 0]), gated: [0, 0, 0].map(() => [0, 0, 0]) });

describe("what a job amounts to", () => {
  it("is, of weight steps, each path's multiply-adds on each image", () => {
    const signal = { kind: "train", losses: [1, 1], accuracies: [0, 0], samples: 32 } as const;
    // 16 images a step: 1300 of the first, 1400 and 1600 of the second
    expect(kindOf(train).work(train, signal, prices)).toEqual({
      ...{ weightSteps: 2, samples: 32, macs: 16 * (1300 + 1400 + 1600) },
    });
  });

  it("is, of gate steps, the active path's and the alternatives'", () => {
    expect(kindOf(gates).work(gates, { kind: "gates", steps: [] }, prices)).toEqual({
      ...{ gateSteps: 1, samples: 8, macs: 8 * (1400 + 300 + 200 + 300) },
    });
  });

  it("is no image of an evaluation: nothing goes backward", () => {
    const job: Job = {
      ...{ kind: "evaluate", stream: "valid", architectures: [[0, 0, 0]], batches: 0 },
      recalibrate: { stream: "train", batches: 2 },
    };
    expect(kindOf(job).work(job, { kind: "evaluate", results: [] }, prices)).toEqual({ evaluations: 1 });
    expect(kindOf(job).streams(job)).toEqual(["valid", "train"]);
  });
});

describe("who took part", () => {
  it("is counted once a weight step and path", () => {
    const counts = counters();
    kindOf(train).participate(train, counts);
    expect(counts.trained).toEqual([
      [1, 1, 1],
      [2, 1, 0],
      [3, 0, 0],
    ]);
    expect(counts.gated).toEqual(counters().gated);
  });

  it("is counted once a gate step, active or alternative", () => {
    const counts = counters();
    kindOf(gates).participate(gates, counts);
    expect(counts.gated).toEqual([
      [1, 0, 1],
      [0, 1, 0],
      [1, 1, 1],
    ]);
    expect(counts.trained).toEqual(counters().trained);
  });
});

describe("a job that is asked for again", () => {
  it("has all its rates lowered, or the one batch passed over", () => {
    const { mend } = kindOf(train);
    expect(mend?.slower(train, 0.5)).toMatchObject({ steps: [{ learningRate: 0.25 }, { learningRate: 0.125 }] });
    expect(mend?.nextBatch(train, 1)).toMatchObject({ steps: [{ batch: 3 }, { batch: 5 }] });
    expect(kindOf(gates).mend).toBeNull();
  });
});
