import type { LearningRate, StrategyPlan } from "../../domain/plan.js";
import { gate } from "./world.js";

/** Every method, and DA-NAS and ProxylessNAS in both of their modes: what the contract and the planted optimum are tried on. */

const cosine: LearningRate = { shape: "cosine", from: 0.05, to: 0, warmupEpochs: 1, cycles: 1 };
const noCost = { form: "none", lambda: 0, beta: 0, metric: "macs", target: 1 } as const;

export const plans = {
  "da-nas": {
    name: "da-nas",
    rounds: [
      { name: "warm-up", epochs: 1, classes: 2, prune: 0, gates: false, gateMode: "full", cost: false },
      { name: "round 1", epochs: 4, classes: 4, prune: 0.4, gates: true, gateMode: "full", cost: false },
      { name: "round 2", epochs: 3, classes: 6, prune: 0.4, gates: true, gateMode: "full", cost: false },
    ],
    order: "easy-first",
    gate,
    cost: noCost,
    final: { how: "most-likely" },
  },
  "da-nas, two paths, best of sampled": {
    name: "da-nas",
    rounds: [
      { name: "warm-up", epochs: 0.5, classes: 2, prune: 0, gates: false, gateMode: "two-path", cost: false },
      { name: "round 1", epochs: 6, classes: 4, prune: 0.4, gates: true, gateMode: "two-path", cost: true },
      { name: "round 2", epochs: 6, classes: 6, prune: 0.4, gates: true, gateMode: "two-path", cost: true },
    ],
    order: "random",
    gate,
    cost: { form: "hinge", lambda: 0.1, beta: 0, metric: "macs", target: 200_000 },
    final: { how: "best-of-sampled", samples: 10 },
  },
  proxyless: {
    name: "proxyless",
    warmupEpochs: 2,
    warmupLearningRate: cosine,
    epochs: 12,
    gateMode: "two-path",
    gate,
    cost: noCost,
    final: { how: "argmax" },
  },
  "proxyless, full, most likely": {
    name: "proxyless",
    warmupEpochs: 0,
    warmupLearningRate: cosine,
    epochs: 6,
    gateMode: "full",
    gate: { ...gate, every: 5, beta1: 0.5 },
    cost: { form: "log-power", lambda: 0.2, beta: 0.3, metric: "macs", target: 200_000 },
    final: { how: "most-likely" },
  },
  ddpnas: { name: "ddpnas", passes: 2, epochsPerPath: 0.25, momentum: 0.5, sharpness: 100 },
  random: { name: "random", samples: 40, epochs: 2 },
  "random, untrained": { name: "random", samples: 5, epochs: 0 },
} as const satisfies Readonly<Record<string, StrategyPlan>>;

/** Each method once, and over in a few epochs: what whole runs are tried with. */
export const shortPlans = {
  "da-nas": {
    ...plans["da-nas"],
    rounds: [
      plans["da-nas"].rounds[0],
      { ...plans["da-nas"].rounds[1], epochs: 2 },
      { ...plans["da-nas"].rounds[2], epochs: 2, gateMode: "two-path" },
    ],
  },
  proxyless: { ...plans.proxyless, warmupEpochs: 1, epochs: 2 },
  ddpnas: { ...plans.ddpnas, passes: 1 },
  random: { ...plans.random, samples: 4, epochs: 1 },
} as const satisfies Readonly<Record<string, StrategyPlan>>;
