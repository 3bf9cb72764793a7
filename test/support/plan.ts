import type { OptimizerSpec } from "../../src/domain/job.js";
import type { LearningRate, Plan, Recipe, StrategyPlan } from "../../src/domain/plan.js";
import type { MockSettings } from "../../src/domain/settings.js";
import type { SpaceSpec } from "../../src/domain/space-spec.js";
import { buildSpace } from "../../src/spaces/builder.js";

/** A plan small enough to read its journal: 4 slots, 6 classes, a few steps an epoch. */

export const tinySpec: SpaceSpec = {
  name: "tiny",
  activation: "relu",
  stem: [{ op: "c3", width: 8, stride: 2 }],
  stages: [
    { width: 8, slots: 2, stride: 1, candidates: ["k3e1", "k3e3", "k5e3", "skip"] },
    { width: 16, slots: 2, stride: 2, candidates: ["k3e1", "k3e3", "k5e3", "skip"] },
  ],
  head: { width: 32, hidden: 0, dropout: 0 },
  squeeze: { ratio: 0.25, of: "input", gate: "sigmoid" },
};

const input = { channels: 1, height: 16, width: 16 };
const classes = 6;

export const optimizer: OptimizerSpec = {
  momentum: 0.9,
  nesterov: true,
  weightDecay: 1e-4,
  decayNorm: false,
  clipValue: null,
};

export const cosine: LearningRate = { shape: "cosine", from: 0.05, to: 0, warmupEpochs: 0, cycles: 1 };

export const recipe: Recipe = { batchSize: 16, learningRate: cosine, optimizer, labelSmoothing: 0.1, augment: null };

export const gate = { every: 2, learningRate: 0.05, beta1: 0, beta2: 0.999, epsilon: 1e-8, batchSize: 16 };

const noCost = { form: "none", lambda: 0, beta: 0, metric: "macs", target: 1 } as const;

export const strategies: Readonly<Record<string, StrategyPlan>> = {
  "da-nas": {
    name: "da-nas",
    rounds: [
      { name: "warm-up", epochs: 1, classes: 2, prune: 0, gates: false, gateMode: "full", cost: false },
      { name: "round 1", epochs: 2, classes: 4, prune: 0.4, gates: true, gateMode: "full", cost: false },
      { name: "round 2", epochs: 2, classes: 6, prune: 0.4, gates: true, gateMode: "two-path", cost: false },
    ],
    order: "easy-first",
    gate,
    cost: noCost,
    final: { how: "most-likely" },
  },
  proxyless: {
    name: "proxyless",
    warmupEpochs: 1,
    warmupLearningRate: cosine,
    epochs: 2,
    gateMode: "two-path",
    gate,
    cost: noCost,
    final: { how: "argmax" },
  },
  ddpnas: { name: "ddpnas", passes: 1, epochsPerPath: 0.5, momentum: 0.5, sharpness: 100 },
  random: { name: "random", samples: 4, epochs: 1 },
};

export function tinyPlan(changes: Partial<Plan> & { readonly strategy?: StrategyPlan } = {}): Plan {
  const { strategy, ...rest } = changes;
  const space = buildSpace(tinySpec, input, classes);
  return {
    version: 1,
    name: "tiny",
    seed: 7,
    data: {
      source: { kind: "synthetic", perClass: 40, noise: 0.5 },
      input,
      classes,
      validFraction: 0.4,
      testFraction: 0.2,
      splitSeed: 1,
      onDevice: "auto",
    },
    space,
    budget: {},
    programs: ["rank", "search", "retrain"],
    ranking: {
      source: "train",
      references: [space.slots.map(() => 1), space.slots.map(() => 2)],
      epochs: 3,
      score: "auc",
      recipe,
    },
    search: {
      recipe,
      strategy: strategy ?? strategies["da-nas"],
      evaluation: { batchSize: 32, recalibrateBatches: 2 },
    },
    retrain: { architecture: null, epochs: 2, recipe, split: "train", test: true, export: true },
    compute: { device: "cpu", precision: "float32", channelsLast: false, compile: false, threads: 1 },
    pipeline: { lag: 1, stepsPerJob: 4 },
    divergence: { rule: "lower-rate", factor: 0.5, tries: 3 },
    ...rest,
  };
}

export const mockSettings: MockSettings = {
  seed: 3,
  noise: 0.01,
  fastEpochs: 1,
  slowEpochs: 3,
  imagesPerClass: 40,
  stepMs: 0,
};
