import { describe, expect, it } from "vitest";
import type { DataSpec } from "../../domain/data.js";
import type { Job, PrepareJob } from "../../domain/job.js";
import { Job as WireJob } from "../generated/danas/v1/job.js";
import { checkpointToWire, jobToWire, restoreToWire } from "./jobs.js";

/** what the other side reads */
const arrived = (job: WireJob) => WireJob.decode(WireJob.encode(job).finish()).kind;
const sent = (job: Job) => arrived(jobToWire(job));

const data: DataSpec = {
  source: { kind: "synthetic", perClass: 40, noise: 0.75 },
  input: { channels: 3, height: 16, width: 24 },
  classes: 5,
  validFraction: 0.125,
  testFraction: 0.25,
  splitSeed: 9007199254740991, // the largest seed there is: 2^53 - 1
  onDevice: "never",
};

/** every field has a value of its own: two that were swapped would show */
const prepare: PrepareJob = {
  kind: "prepare",
  space: {
    name: "tiny",
    input: { channels: 3, height: 16, width: 24 },
    classes: 5,
    stem: [
      {
        op: { kind: "conv", kernel: 3, activation: "relu6" },
        inChannels: 3,
        outChannels: 8,
        stride: 2,
        height: 16,
        width: 24,
      },
    ],
    slots: [
      {
        name: "1.1",
        stage: 1,
        candidates: [
          {
            name: "k5e6se",
            block: {
              op: { kind: "mbconv", kernel: 5, hidden: 48, squeeze: 12, activation: "hswish", gate: "hsigmoid" },
              inChannels: 8,
              outChannels: 9,
              stride: 1,
              height: 10,
              width: 11,
            },
          },
          {
            name: "skip",
            block: { op: { kind: "skip" }, inChannels: 8, outChannels: 8, stride: 1, height: 10, width: 11 },
          },
        ],
      },
    ],
    head: { blocks: [], hidden: 64, hiddenActivation: "silu", dropout: 0.2 },
  },
  spaceHash: "c0ffee",
  data,
  streams: [
    {
      name: "train",
      split: "full",
      classes: ["bag", "boot"],
      batchSize: 96,
      shuffle: true,
      seed: 123456789012345,
      augment: { pad: 4, flip: true, cutout: 6, minArea: 0.5 },
    },
    { name: "valid", split: "valid", classes: [], batchSize: 250, shuffle: false, seed: 0, augment: null },
  ],
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 0.00004, decayNorm: true, clipValue: 5 },
  labelSmoothing: 0.1,
  compute: { device: "cuda", precision: "bfloat16", channelsLast: true, compile: true, threads: 7 },
  seed: 4503599627370496, // 2^52
  checks: [[1], [0]],
};

describe("a job on the wire", () => {
  it("prepare: space, data, streams, optimizer and compute arrive field by field", () => {
    expect(sent(prepare)).toEqual({
      $case: "prepare",
      value: {
        space: {
          name: "tiny",
          input: { channels: 3, height: 16, width: 24 },
          classes: 5,
          stem: [
            {
              op: { $case: "conv", value: { kernel: 3, activation: "relu6" } },
              inChannels: 3,
              outChannels: 8,
              stride: 2,
              height: 16,
              width: 24,
            },
          ],
          slots: [
            {
              name: "1.1",
              stage: 1,
              candidates: [
                {
                  name: "k5e6se",
                  block: {
                    op: {
                      $case: "mbconv",
                      value: { kernel: 5, hidden: 48, squeeze: 12, activation: "hswish", gate: "hsigmoid" },
                    },
                    inChannels: 8,
                    outChannels: 9,
                    stride: 1,
                    height: 10,
                    width: 11,
                  },
                },
                {
                  name: "skip",
                  block: {
                    op: { $case: "skip", value: {} },
                    inChannels: 8,
                    outChannels: 8,
                    stride: 1,
                    height: 10,
                    width: 11,
                  },
                },
              ],
            },
          ],
          head: { blocks: [], hidden: 64, hiddenActivation: "silu", dropout: 0.2 },
        },
        spaceHash: "c0ffee",
        data: {
          source: { $case: "synthetic", value: { perClass: 40, noise: 0.75 } },
          input: { channels: 3, height: 16, width: 24 },
          classes: 5,
          validFraction: 0.125,
          testFraction: 0.25,
          splitSeed: 9007199254740991,
          onDevice: "never",
        },
        streams: [
          {
            name: "train",
            split: "full",
            classes: ["bag", "boot"],
            batchSize: 96,
            shuffle: true,
            seed: 123456789012345,
            augment: { pad: 4, flip: true, cutout: 6, minArea: 0.5 },
          },
          {
            name: "valid",
            split: "valid",
            classes: [],
            batchSize: 250,
            shuffle: false,
            seed: 0,
            augment: undefined,
          },
        ],
        optimizer: { momentum: 0.9, nesterov: true, weightDecay: 0.00004, decayNorm: true, clipValue: 5 },
        labelSmoothing: 0.1,
        compute: { device: "cuda", precision: "bfloat16", channelsLast: true, compile: true, threads: 7 },
        seed: 4503599627370496,
        checks: [{ choices: [1] }, { choices: [0] }],
      },
    });
  });

  it("prepare: no clipping is the absence of a value, not a clip at zero", () => {
    const unclipped = { ...prepare, optimizer: { ...prepare.optimizer, clipValue: null } };
    expect(sent(unclipped)).toMatchObject({ value: { optimizer: { clipValue: undefined } } });
  });

  it.each([
    [{ kind: "fashion-mnist", root: "/data/fm" } as const, { $case: "fashionMnist", value: { root: "/data/fm" } }],
    [{ kind: "folder", root: "/data/pets" } as const, { $case: "folder", value: { root: "/data/pets" } }],
    [
      { kind: "python", factory: "loaders:make", options: { size: 32, names: ["a"] } } as const,
      { $case: "python", value: { factory: "loaders:make", optionsJson: '{"size":32,"names":["a"]}' } },
    ],
  ])("inspect: data from %o", (source, expected) => {
    expect(sent({ kind: "inspect", data: { ...data, source } })).toMatchObject({
      $case: "inspect",
      value: { data: { source: expected, classes: 5 } },
    });
  });

  it("train: paths with weights, learning rate and batch of each step, in order", () => {
    const steps = [
      {
        paths: [
          { architecture: [0, 2], weight: 0.75 },
          { architecture: [1, 0], weight: 0.25 },
        ],
        learningRate: 0.05,
        batch: 5_000_000_000, // more than 32 bits hold
      },
      { paths: [{ architecture: [0, 0], weight: 1 }], learningRate: 0, batch: 0 },
    ];
    expect(sent({ kind: "train", stream: "train", scope: "last-bn", steps })).toEqual({
      $case: "train",
      value: {
        stream: "train",
        scope: "last-bn",
        steps: [
          {
            paths: [
              { architecture: { choices: [0, 2] }, weight: 0.75 },
              { architecture: { choices: [1, 0] }, weight: 0.25 },
            ],
            learningRate: 0.05,
            batch: 5_000_000_000,
          },
          { paths: [{ architecture: { choices: [0, 0] }, weight: 1 }], learningRate: 0, batch: 0 },
        ],
      },
    });
  });

  it("gates: a slot without alternatives keeps its place", () => {
    const steps = [{ architecture: [3, 0, 1], alternatives: [[1, 2], [], [0]], batch: 8 }];
    expect(sent({ kind: "gates", stream: "valid", steps })).toEqual({
      $case: "gates",
      value: {
        stream: "valid",
        steps: [
          {
            architecture: { choices: [3, 0, 1] },
            alternatives: [{ indices: [1, 2] }, { indices: [] }, { indices: [0] }],
            batch: 8,
          },
        ],
      },
    });
  });

  it("score, evaluate, bn-scales, restrict and export", () => {
    expect(sent({ kind: "score", stream: "valid", architectures: [[1], [2]], batches: [6, 7] })).toEqual({
      $case: "score",
      value: { stream: "valid", architectures: [{ choices: [1] }, { choices: [2] }], batches: [6, 7] },
    });
    const recalibrate = { stream: "train", batches: 20 };
    expect(sent({ kind: "evaluate", stream: "valid", architectures: [[1]], batches: 3, recalibrate })).toEqual({
      $case: "evaluate",
      value: { stream: "valid", architectures: [{ choices: [1] }], batches: 3, recalibrate },
    });
    expect(sent({ kind: "bn-scales" })).toEqual({ $case: "bnScales", value: {} });
    expect(sent({ kind: "restrict", alive: [[0, 3], [1]] })).toEqual({
      $case: "restrict",
      value: { alive: [{ indices: [0, 3] }, { indices: [1] }] },
    });
    expect(sent({ kind: "export", architecture: [4, 5], folder: "best" })).toEqual({
      $case: "export",
      value: { architecture: { choices: [4, 5] }, folder: "best" },
    });
  });

  it("checkpoint and restore", () => {
    expect(arrived(checkpointToWire("checkpoints/a.pt", null))).toEqual({
      $case: "checkpoint",
      value: { path: "checkpoints/a.pt" },
    });
    // none kept is another thing than nothing said
    for (const paths of [[], ["checkpoints/b.pt"]]) {
      expect(arrived(checkpointToWire("checkpoints/a.pt", paths))).toEqual({
        $case: "checkpoint",
        value: { path: "checkpoints/a.pt", kept: { paths } },
      });
    }
    expect(arrived(restoreToWire("checkpoints/a.pt", "ab12"))).toEqual({
      $case: "restore",
      value: { path: "checkpoints/a.pt", sha256: "ab12" },
    });
  });
});
