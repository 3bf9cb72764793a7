import { mostLikelyWithin } from "../../cost/best.js";
import { expectedCost } from "../../cost/expected.js";
import { extremes } from "../../cost/extremes.js";
import { architectureCost, costTable } from "../../cost/table.js";
import type { DataInfo, StreamSpec } from "../../domain/data.js";
import type { Cut, Decision } from "../../domain/decision.js";
import type { Event } from "../../domain/event.js";
import type { Job } from "../../domain/job.js";
import type { Plan, Recipe } from "../../domain/plan.js";
import type { Ranking } from "../../domain/ranking.js";
import type { Signal } from "../../domain/signal.js";
import type { Space } from "../../domain/space.js";
import type { Journal, JournalEntry } from "../../journal/port.js";
import { encode } from "../../spaces/encoding.js";
import { singlePathSpace } from "../../spaces/singleton.js";
import type { RoundOptions } from "../../strategies/da-nas/options.js";
import { rng } from "../../util/rng.js";
import { fixedJournal } from "./fixed.js";

/**
 * A journal with every kind of decision in it, for looking at reports and testing them where no run is at hand. Every
 * number is made up from formulas and a seed; nothing was trained. It is not a journal that `replay` would accept.
 */
export interface SampleOptions {
  readonly space: Space;
  readonly classes: readonly string[];
  readonly rounds: readonly Pick<RoundOptions, "name" | "epochs" | "classes" | "prune" | "gates">[];
  readonly maxMacs: number;
  readonly mock: boolean;
  readonly name?: string;
  readonly seed?: number;
}

const batchSize = 128;
const stepsPerEpoch = 40;
const noAugment = null;

export function sampleJournal(options: SampleOptions): Journal {
  const { space, classes } = options;
  const draw = rng(options.seed ?? 1);
  const plan = samplePlan(options);
  const data: DataInfo = {
    classes,
    input: space.input,
    splits: (["train", "valid", "test"] as const).map((split, index) => ({
      split,
      counts: classes.map(() => [1080, 120, 200][index]),
      hash: `${index}`.repeat(64),
    })),
    fingerprint: "f".repeat(64),
  };
  const entries: JournalEntry[] = [];
  let at = Date.UTC(2026, 2, 14, 9, 26);
  let jobs = 0;
  const pending: Decision[] = [];
  const write = (event: Event, decisions: readonly Decision[]) =>
    entries.push({ seq: entries.length, at, event, decisions });
  /** a job issued with the last entry and answered in a new one, after so many milliseconds */
  const work = (job: Job, signal: Signal, ms: number, decisions: readonly Decision[] = []) => {
    const id = jobs++;
    const issue: Decision = { type: "issue", id, job };
    const last = entries[entries.length - 1];
    entries[entries.length - 1] = { ...last, decisions: [...last.decisions, ...pending, issue] };
    pending.length = 0;
    at += ms;
    const timing = { totalMs: ms * 0.97, dataMs: ms * 0.08, computeMs: ms * 0.86, waitMs: ms * 0.02 };
    write({ type: "job-finished", answer: { jobId: id, signal, timing } }, decisions);
  };
  const prepare = (of: Space, streams: readonly StreamSpec[]) =>
    work(
      {
        kind: "prepare",
        ...{ space: of, spaceHash: "", data: plan.data, streams, optimizer: recipe.optimizer },
        ...{ task: { kind: "classification", labelSmoothing: 0 }, compute: plan.compute, seed: 1, checks: [] },
      },
      { kind: "prepare", device: "made-up device", macs: [], params: [] },
      1500,
    );
  const train = (
    paths: readonly (readonly number[])[],
    loss: number,
    ms: number,
    decisions: readonly Decision[] = [],
  ) =>
    work(
      {
        kind: "train",
        stream: "train",
        scope: "all",
        steps: paths.map((architecture, batch) => ({
          paths: [{ architecture, weight: 1 }],
          learningRate: 0.05,
          batch,
        })),
      },
      {
        kind: "train",
        losses: paths.map(() => loss),
        accuracies: paths.map(() => Math.exp(-loss)),
        samples: paths.length * batchSize,
      },
      ms,
      decisions,
    );

  write({ type: "run-started" }, []);
  work({ kind: "inspect", data: plan.data }, { kind: "inspect", data }, 800, [
    { type: "begin-program", program: "rank" },
  ]);

  // ranking: a(t) = A (1 - e^(-t / tau)), later classes lower and slower
  const hardness = classes.map((_, index) => (classes.length > 1 ? index / (classes.length - 1) : 0));
  const ranked = draw.fork("order").shuffle(classes);
  const epochs = 10;
  const curves = ranked.map((_, rank) =>
    Array.from({ length: epochs }, (_, epoch) => {
      const noise = 0.012 * draw.fork("curve").fork(rank).fork(epoch).normal();
      return Math.min(
        1,
        Math.max(0, (0.985 - 0.3 * hardness[rank]) * (1 - Math.exp(-(epoch + 1) / (0.8 + 4 * hardness[rank]))) + noise),
      );
    }),
  );
  const reference = space.slots.map((slot) => Math.floor(slot.candidates.length / 2));
  prepare(singlePathSpace(space, reference), [stream("train"), stream("valid")]);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const mean = curves.reduce((sum, curve) => sum + curve[epoch], 0) / curves.length;
    train(
      Array.from({ length: 10 }, () => reference.map(() => 0)),
      2.3 * Math.exp(-epoch / 4),
      2600,
      [{ type: "report", series: "reference-valid-accuracy", epoch: epoch + 1, value: mean }],
    );
  }
  const ranking: Ranking = {
    version: 1,
    fingerprint: data.fingerprint,
    score: "auc",
    references: [encode(space, reference)],
    classes: ranked.map((name, rank) => {
      const mean = curves[rank].reduce((sum, value) => sum + value, 0) / epochs;
      const variance = curves[rank].reduce((sum, value) => sum + (value - mean) ** 2, 0) / epochs;
      const scores = { auc: mean, "row-variance": variance, "final-error": 1 - curves[rank][epochs - 1] };
      return { name, curves: [curves[rank]], scores };
    }),
    scoreAgreement: [
      { a: "auc", b: "row-variance", rho: 0.31 },
      { a: "auc", b: "final-error", rho: 0.94 },
      { a: "row-variance", b: "final-error", rho: 0.12 },
    ],
    referenceAgreement: [],
  };
  pending.push({ type: "rank-classes", ranking }, { type: "begin-program", program: "search" });

  // search: a planted preference per slot, probabilities sharpen with time
  const costs = costTable(space);
  const taste = space.slots.map((slot, s) =>
    slot.candidates.map((_, c) => draw.fork("taste").fork(s).fork(c).normal()),
  );
  let alive = space.slots.map((slot) => slot.candidates.map((_, index) => index));
  let sharpness = 0;
  let searched = 0;
  const timesTrained = space.slots.map((slot) => slot.candidates.map(() => 0));
  const timesGated = space.slots.map((slot) => slot.candidates.map(() => 0));
  const probabilities = () =>
    space.slots.map((slot, s) => {
      const weights = slot.candidates.map((_, c) => (alive[s].includes(c) ? Math.exp(sharpness * taste[s][c]) : 0));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.map((weight) => weight / total);
    });
  prepare(space, [stream("train"), stream("valid")]);
  for (const [index, round] of options.rounds.entries()) {
    pending.push({
      type: "open-round",
      round: index,
      name: round.name,
      classes: ranked.slice(0, round.classes),
      epochs: round.epochs,
      stepsPerEpoch,
    });
    for (let epoch = 1; epoch <= round.epochs; epoch++) {
      searched++;
      const path = (i: number) => {
        const here = probabilities();
        return space.slots.map((_, s) => draw.fork("path").fork(searched).fork(i).fork(s).pick(here[s]));
      };
      const paths = Array.from({ length: stepsPerEpoch }, (_, i) => path(i));
      for (const one of paths) for (const [s, c] of one.entries()) timesTrained[s][c]++;
      train(paths, 2, 4000);
      if (round.gates) {
        sharpness += 0.09;
        const steps = Array.from({ length: 8 }, (_, batch) => {
          const architecture = path(100 + batch);
          const alternatives = alive.map((of, s) => [of[batch % of.length]].filter((c) => c !== architecture[s]));
          return { architecture, alternatives, batch };
        });
        for (const { architecture, alternatives } of steps) {
          for (const [s, c] of architecture.entries()) {
            for (const counted of [c, ...alternatives[s]]) timesGated[s][counted]++;
          }
        }
        work(
          { kind: "gates", stream: "valid", steps },
          { kind: "gates", steps: steps.map(() => ({ loss: 1, accuracy: 0.5, gradients: [] })) },
          900,
        );
      }
      const now = probabilities();
      const entropy =
        now.reduce((sum, row) => sum - row.reduce((of, p) => of + (p > 0 ? p * Math.log(p) : 0), 0), 0) / now.length;
      const loss = Math.log(round.classes) * (0.35 + 0.65 * Math.exp(-epoch / 5)) * Math.exp(-searched / 90);
      pending.push({
        type: "snapshot",
        round: index,
        epoch: searched,
        probabilities: now,
        alive,
        expected: expectedCost(costs, now),
        entropy,
        trainLoss: loss,
        trainAccuracy: Math.exp(-loss),
      });
    }
    if (round.prune > 0) {
      const now = probabilities();
      const cuts: Cut[] = [];
      alive = alive.map((of, s) => {
        const sorted = [...of].sort((a, b) => now[s][a] - now[s][b]);
        const cut = sorted.slice(0, Math.min(of.length - 1, Math.floor(round.prune * of.length)));
        const survivor = sorted[cut.length];
        for (const candidate of cut) {
          cuts.push({
            ...{
              slot: s,
              candidate,
              probability: now[s][candidate],
              survivor,
              margin: now[s][survivor] - now[s][candidate],
            },
            ...{
              timesTrained: timesTrained[s][candidate],
              timesGated: timesGated[s][candidate],
              macs: costs.slots[s][candidate].macs,
            },
          });
        }
        return of.filter((candidate) => !cut.includes(candidate));
      });
      pending.push({ type: "prune", round: index, classes: round.classes, criterion: "probability", cuts, alive });
      work({ kind: "restrict", alive }, { kind: "restrict", bytesFreed: 1_200_000, parametersLeft: 1_000_000 }, 40);
    }
  }
  const final = probabilities();
  const budget = { macs: { most: options.maxMacs } };
  const logs = final.map((row) => row.map((p) => (p > 0 ? Math.log(p) : -1e9)));
  const likely = mostLikelyWithin(costs, logs, alive, budget)?.architecture;
  const architecture = likely ?? extremes(costs, alive).smallest.architecture;
  const chosen = { architecture, encoded: encode(space, architecture), ...architectureCost(costs, architecture) };
  const logProbability = final.reduce((sum, row, s) => sum + Math.log(row[architecture[s]]), 0);
  pending.push(
    { type: "choose", how: "most-likely", chosen, logProbability, compared: [] },
    { type: "begin-program", program: "retrain" },
  );

  prepare(singlePathSpace(space, architecture), [stream("train"), stream("test")]);
  for (let epoch = 1; epoch <= 12; epoch++) {
    train(
      Array.from({ length: 10 }, () => architecture.map(() => 0)),
      2.3 * Math.exp(-epoch / 3),
      2200,
      [{ type: "report", series: "retrain-train-loss", epoch, value: 0.21 + 1.4 * Math.exp(-epoch / 3) }],
    );
  }
  const perClass = classes.map((name) => 0.97 - 0.2 * hardness[ranked.indexOf(name)]);
  const accuracy = perClass.reduce((sum, value) => sum + value, 0) / perClass.length;
  work(
    {
      kind: "evaluate",
      stream: "test",
      architectures: [architecture.map(() => 0)],
      batches: 0,
      recalibrate: { stream: "train", batches: 0 },
    },
    { kind: "evaluate", results: [{ loss: 0.3, accuracy, perClass, samples: 200 * classes.length }] },
    700,
  );
  const files = [{ path: "export/model.safetensors", bytes: chosen.params * 4, sha256: "a".repeat(64) }];
  work({ kind: "export", architecture: architecture.map(() => 0), folder: "export" }, { kind: "export", files }, 100);
  const last = entries[entries.length - 1];
  entries[entries.length - 1] = {
    ...last,
    decisions: [
      {
        type: "finish",
        result: {
          ...{ chosen, validAccuracy: null, testAccuracy: accuracy, testPerClass: perClass, exported: files },
          ...{ samplesTrained: {}, macsTrained: {} },
        },
      },
    ],
  };
  const began = entries[0].at;
  return fixedJournal({
    plan,
    entries,
    sessions: [
      {
        ...{ incarnation: 1, startedAt: began, host: "nowhere", pid: 1, worker: "made-up worker", mock: options.mock },
        ...{ versions: { torch: "0.0", python: "3.0", danas: "0.0.0" }, endedAt: at, outcome: "done", message: null },
      },
    ],
    checkpoints: [
      { afterJob: 4, path: "checkpoints/after-4.pt", sha256: "c".repeat(64), bytes: 3_400_000, at: began + 30_000 },
    ],
  });
}

const stream = (name: "train" | "valid" | "test"): StreamSpec => ({
  ...{ name, split: name, classes: [], batchSize, shuffle: name === "train", seed: 1, augment: noAugment },
});

const recipe: Recipe = {
  batchSize,
  learningRate: { shape: "cosine", from: 0.05, to: 0, warmupEpochs: 0, cycles: 1 },
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 4e-5, decayNorm: false, clipValue: null },
  labelSmoothing: 0.1,
  augment: noAugment,
};

function samplePlan({ space, classes, rounds, maxMacs, name, seed = 1 }: SampleOptions): Plan {
  return {
    version: 1,
    name: name ?? "made-up-sample",
    seed,
    data: {
      source: { kind: "synthetic", perClass: 1200, noise: 0.5 },
      ...{
        input: space.input,
        classes: classes.length,
        validFraction: 0.1,
        testFraction: 0.1,
        splitSeed: 0,
        onDevice: "auto",
      },
    },
    space,
    budget: { macs: { most: maxMacs } },
    programs: ["rank", "search", "retrain"],
    ranking: { source: "train", references: [space.slots.map(() => 0)], epochs: 10, score: "auc", recipe },
    search: {
      recipe,
      strategy: {
        name: "da-nas",
        rounds: rounds.map((round) => ({ ...round, gateMode: "two-path", cost: round.gates })),
        order: "easy-first",
        gate: { every: 5, learningRate: 1e-3, beta1: 0, beta2: 0.999, epsilon: 1e-8, batchSize },
        cost: { form: "hinge", lambda: 1, beta: 0.3, metric: "macs", target: maxMacs },
        final: { how: "most-likely" },
      },
      evaluation: { batchSize, recalibrateBatches: 10 },
    },
    retrain: { architecture: null, epochs: 12, recipe, split: "full", test: true, export: true },
    compute: { device: "cpu", precision: "float32", channelsLast: true, compile: false, threads: 2 },
    pipeline: { lag: 1, stepsPerJob: 40 },
    divergence: { rule: "lower-rate", factor: 0.5, tries: 3 },
  };
}

export const fashionClasses = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;
