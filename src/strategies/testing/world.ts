import { costTable } from "../../cost/table.js";
import type { DataInfo } from "../../domain/data.js";
import type { NumberedJob } from "../../domain/job.js";
import type { Plan, Recipe, StrategyPlan } from "../../domain/plan.js";
import type { Context } from "../../domain/program.js";
import type { Ranking } from "../../domain/ranking.js";
import type { Signal } from "../../domain/signal.js";
import type { Architecture, Space } from "../../domain/space.js";
import type { GateOptions } from "../../options/gate.js";
import { buildSpace } from "../../spaces/builder.js";
import { rng } from "../../util/rng.js";

/**
 * A made-up world to search in, small enough to enumerate. A network's accuracy is 0.2 plus 0.6 times the mean goodness of
 * its candidates, its loss is linear in the gates: dL/dgate = -goodness. So the best network is known, without a budget: the best
 * candidate in every slot.
 */

const spec = {
  name: "tiny",
  activation: "relu",
  stem: [{ op: "c3", width: 8, stride: 2 }],
  stages: [
    { width: 8, slots: 2, stride: 1, candidates: ["k3e1", "k3e3", "k5e3", "k5e6", "skip"] },
    { width: 16, slots: 2, stride: 2, candidates: ["k3e1", "k3e3", "k5e3", "k5e6", "skip"] },
  ],
  head: { width: 32, hidden: 0, dropout: 0 },
  squeeze: { ratio: 0.25, of: "input", gate: "sigmoid" },
} as const;

/** [slot][candidate]; the third slot, of stride 2, has no skip */
export const goodness: readonly (readonly number[])[] = [
  [0.1, 0.9, 0.3, 0.5, 0.2],
  [0.2, 0.4, 0.8, 0.5, 0.3],
  [0.3, 0.1, 0.6, 0.9],
  [0.5, 0.9, 0.2, 0.4, 0.1],
];

export const best: Architecture = [1, 2, 3, 1];

const input = { channels: 1, height: 16, width: 16 };
export const classNames = ["ant", "bee", "cat", "dog", "elk", "fox"];
export const trainPerClass = 32;
export const validPerClass = 16;

export const tinyData: DataInfo = {
  classes: classNames,
  input,
  splits: [
    { split: "train", counts: classNames.map(() => trainPerClass), hash: "t" },
    { split: "valid", counts: classNames.map(() => validPerClass), hash: "v" },
  ],
  fingerprint: "tiny",
};

const recipe: Recipe = {
  batchSize: 8,
  learningRate: { shape: "cosine", from: 0.05, to: 0, warmupEpochs: 0, cycles: 1 },
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-4, decayNorm: false, clipValue: null },
  labelSmoothing: 0.1,
  augment: null,
};

/** from easy to hard: the names backwards, so that an order by label would be noticed */
export const tinyRanking: Ranking = {
  version: 1,
  fingerprint: "tiny",
  score: "auc",
  references: [],
  classes: [...classNames].reverse().map((name) => ({
    name,
    curves: [],
    scores: { auc: 0, "row-variance": 0, "final-error": 0 },
  })),
  scoreAgreement: [],
  referenceAgreement: [],
};

export const gate: GateOptions = { every: 2, learningRate: 0.05, beta1: 0, beta2: 0.999, epsilon: 1e-8, batchSize: 8 };

export function tinyPlan(strategy: StrategyPlan, changes: Partial<Plan> = {}): Plan {
  const space = buildSpace(spec, input, classNames.length);
  return {
    version: 1,
    name: "tiny",
    seed: 7,
    data: {
      source: { kind: "synthetic", perClass: 40, noise: 0.5 },
      input,
      classes: classNames.length,
      validFraction: 0.4,
      testFraction: 0.2,
      splitSeed: 1,
      onDevice: "auto",
    },
    space,
    budget: {},
    programs: ["search"],
    ranking: { source: "given", ranking: tinyRanking },
    search: { recipe, strategy, evaluation: { batchSize: 32, recalibrateBatches: 2 } },
    retrain: { architecture: null, epochs: 1, recipe, split: "train", test: false, export: false },
    compute: { device: "cpu", precision: "float32", channelsLast: false, compile: false, threads: 1 },
    pipeline: { lag: 1, stepsPerJob: 4 },
    divergence: { rule: "lower-rate", factor: 0.5, tries: 3 },
    ...changes,
  };
}

export const contextFor = (plan: Plan): Context => ({
  plan,
  data: tinyData,
  costs: costTable(plan.space),
  ranking: tinyRanking,
  chosen: null,
});

export const accuracyOf = (architecture: Architecture): number =>
  0.2 + (0.6 * architecture.reduce((sum, candidate, slot) => sum + goodness[slot][candidate], 0)) / architecture.length;

export function everyArchitecture(space: Space): Architecture[] {
  return space.slots.reduce<Architecture[]>(
    (all, { candidates }) => all.flatMap((path) => candidates.map((_, index) => [...path, index])),
    [[]],
  );
}

/** what a worker in this world would answer; noisy, the noise drawn by the job's id */
export function answerIn({ id, job }: NumberedJob): Signal {
  const noise = rng("world").fork(id);
  switch (job.kind) {
    case "train": {
      const accuracies = job.steps.map(({ paths }) => accuracyOf(paths[0].architecture));
      return { kind: "train", losses: accuracies.map((a) => -Math.log(a)), accuracies, samples: 8 * job.steps.length };
    }
    case "gates":
      return {
        kind: "gates",
        steps: job.steps.map(({ architecture, alternatives }) => ({
          loss: -Math.log(accuracyOf(architecture)),
          accuracy: accuracyOf(architecture),
          gradients: architecture.map((active, slot) =>
            [active, ...alternatives[slot]].map((candidate) => -goodness[slot][candidate] + 0.2 * noise.normal()),
          ),
        })),
      };
    case "evaluate":
      return {
        kind: "evaluate",
        results: job.architectures.map((architecture) => {
          const accuracy = accuracyOf(architecture) + 0.002 * noise.normal();
          return { loss: -Math.log(accuracy), accuracy, perClass: [], samples: 96 };
        }),
      };
    case "restrict":
      return { kind: "restrict", bytesFreed: 0, parametersLeft: 0 };
    default:
      throw new Error(`no strategy should ask for ${job.kind}`);
  }
}
