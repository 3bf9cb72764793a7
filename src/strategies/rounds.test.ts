import { describe, expect, it } from "vitest";
import type { DataInfo } from "../domain/data.js";
import type { Decision } from "../domain/decision.js";
import type { Plan, StrategyPlan } from "../domain/plan.js";
import type { Context } from "../domain/program.js";
import type { Ranking } from "../domain/ranking.js";
import { learningRateAt } from "../schedule/learning-rate.js";
import { strategyFor } from "./registry.js";
import { drive } from "./testing/drive.js";
import { plans } from "./testing/plans.js";
import { classNames, contextFor, tinyPlan, trainPerClass } from "./testing/world.js";

const daNas = plans["da-nas"];
const search = (plan: StrategyPlan, changes: Partial<Plan> = {}) =>
  drive(contextFor(tinyPlan(plan, changes)), strategyFor(plan));
const only = <T extends Decision["type"]>(decisions: readonly Decision[], type: T) =>
  decisions.filter((decision): decision is Extract<Decision, { type: T }> => decision.type === type);

describe("DA-NAS' schedule", () => {
  it("of the paper costs 39 epochs' worth of images, against 70 on all classes", () => {
    const classes = Array.from({ length: 1000 }, (_, index) => `n${index}`);
    const data: DataInfo = {
      classes,
      input: { channels: 3, height: 224, width: 224 },
      splits: [{ split: "train", counts: classes.map(() => 8), hash: "" }],
      fingerprint: "",
    };
    const ranking = { classes: classes.map((name) => ({ name })) } as unknown as Ranking;
    // METHODS 1.2: 10 + 3 x 20 epochs, batches of 8 images here, so a full epoch is 1000 steps
    const paper = (counts: readonly number[]): StrategyPlan => ({
      ...daNas,
      rounds: counts.map((count, index) => ({
        ...daNas.rounds[Math.min(index, 1)],
        epochs: index === 0 ? 10 : 20,
        classes: count,
      })),
    });
    const steps = (counts: readonly number[]) => {
      const plan = paper(counts);
      const context: Context = { ...contextFor(tinyPlan(plan)), data, ranking };
      const strategy = strategyFor(plan);
      return strategy.progress(context, plan, strategy.begin(context, plan)).stepsTotal;
    };
    expect(steps([100, 300, 600, 1000])).toBe(39 * 1000);
    expect(steps([1000, 1000, 1000, 1000])).toBe(70 * 1000);
  });

  it("lets classes in from easy to hard, and keeps those that are in", () => {
    const rounds = only(search(daNas).decisions, "open-round");
    // the ranking is the names backwards
    expect(rounds.map(({ classes }) => classes)).toEqual([
      ["fox", "elk"],
      ["fox", "elk", "dog", "cat"],
      ["fox", "elk", "dog", "cat", "bee", "ant"],
    ]);
    expect(rounds.map(({ stepsPerEpoch }) => stepsPerEpoch)).toEqual([2, 4, 6].map((n) => (n * trainPerClass) / 8));
  });

  it("gives each round streams of its classes alone, for weights and for gates", () => {
    const context = contextFor(tinyPlan(daNas));
    const streams = strategyFor(daNas).streams(context, daNas);
    expect(streams.map(({ name, split, classes }) => [name, split, classes.length])).toEqual([
      ["train-0", "train", 2],
      ["train-1", "train", 4],
      ["gates-1", "valid", 4],
      ["train-2", "train", 6],
      ["gates-2", "valid", 6],
      ["valid", "valid", 6],
    ]);
    expect(new Set(streams.map(({ seed }) => seed)).size).toBe(streams.length);
  });

  it("has its controls: hard classes first, a random order, or no curriculum and no ranking at all", () => {
    const first = (order: "hard-first" | "random", seed = 7) =>
      only(search({ ...daNas, order }, { seed }).decisions, "open-round").map(({ classes }) => classes);
    expect(first("hard-first")[0]).toEqual(["ant", "bee"]);
    const drawn = [1, 2, 3, 4].map((seed) => first("random", seed));
    for (const rounds of drawn) {
      expect([...rounds[2]].sort()).toEqual(classNames);
      expect(rounds[2].slice(0, 2)).toEqual(rounds[0]);
    }
    expect(new Set(drawn.map((rounds) => rounds[2].join())).size).toBeGreaterThan(1);

    const everything = { ...daNas, rounds: daNas.rounds.map((round) => ({ ...round, classes: 6 })) };
    const context = { ...contextFor(tinyPlan(everything)), ranking: null };
    expect(only(drive(context, strategyFor(everything)).decisions, "choose")).toHaveLength(1);
    const unranked = { ...contextFor(tinyPlan(daNas)), ranking: null };
    expect(() => strategyFor(daNas).streams(unranked, daNas)).toThrow(/needs a ranking/);
  });
});

describe("weight steps and gate steps", () => {
  it("alternate exactly as in the papers where a job has as many steps as a gate step waits for", () => {
    const plan = { ...plans.proxyless, warmupEpochs: 0, epochs: 2, gate: { ...plans.proxyless.gate, every: 5 } };
    const { jobs } = search(plan, { pipeline: { lag: 0, stepsPerJob: 5 } });
    // 24 steps an epoch: a block ends with the epoch too, and gate steps stay due after each fifth weight step
    const told = jobs.map(({ job }) => (job.kind === "train" || job.kind === "gates" ? job.steps.length : 0));
    const kinds = jobs.map(({ job }) => job.kind[0]).join("");
    expect(kinds).toBe("tgtgtgtgttgtgtgtgtgte");
    expect(told.filter((_, i) => jobs[i].job.kind === "train")).toEqual([5, 5, 5, 5, 4, 1, 5, 5, 5, 5, 3]);
    expect(told.filter((_, i) => jobs[i].job.kind === "gates")).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("come in blocks where a job has more: the gate steps due follow the block", () => {
    const plan = { ...plans.proxyless, warmupEpochs: 0, epochs: 1, gate: { ...plans.proxyless.gate, every: 5 } };
    const { jobs } = search(plan, { pipeline: { lag: 1, stepsPerJob: 12 } });
    const told = jobs.map(({ job }) => (job.kind === "train" || job.kind === "gates" ? job.steps.length : 0));
    expect(told).toEqual([10, 2, 10, 2, 4, 0]);
  });

  it("draw paths uniformly where a round takes no gate steps, however the parameters stand", () => {
    const rounds = [
      { ...daNas.rounds[2], epochs: 6, prune: 0 },
      { ...daNas.rounds[2], epochs: 20, prune: 0, gates: false },
    ];
    const { jobs, decisions } = search({ ...daNas, rounds, gate: { ...daNas.gate, learningRate: 0.2 } });
    const uniform = jobs.flatMap(({ job }) => (job.kind === "train" && job.stream === "train-1" ? job.steps : []));
    const shares = [0, 1, 2, 3, 4].map(
      (o) => uniform.filter(({ paths }) => paths[0].architecture[0] === o).length / uniform.length,
    );
    // 480 draws: four standard deviations of a share of 0.2 are 0.073
    for (const share of shares) expect(Math.abs(share - 0.2)).toBeLessThan(0.073);
    expect(Math.max(...only(decisions, "snapshot")[5].probabilities[0])).toBeGreaterThan(0.9);
  });

  it("follow one learning-rate schedule over all rounds", () => {
    const { jobs } = search(daNas);
    const rates = jobs.flatMap(({ job }) => (job.kind === "train" ? job.steps.map((step) => step.learningRate) : []));
    const cosine = tinyPlan(daNas).search.recipe.learningRate;
    expect(rates).toEqual(rates.map((_, step) => learningRateAt(cosine, step, rates.length, 8)));
    // 1 x 8 + 4 x 16 + 3 x 24
    expect(rates).toHaveLength(144);
  });

  it("have a schedule of their own in ProxylessNAS' warm-up", () => {
    const warmupLearningRate = { shape: "linear", from: 1, to: 0, warmupEpochs: 0, cycles: 1 } as const;
    const { jobs } = search({ ...plans.proxyless, warmupLearningRate });
    const rates = (name: string) =>
      jobs.flatMap(({ job }) =>
        job.kind === "train" && job.stream === name ? job.steps.map((step) => step.learningRate) : [],
      );
    expect(rates("train-0")[0]).toBe(1);
    expect(rates("train-0")[24]).toBeCloseTo(0.5, 12);
    expect(rates("train-1")[0]).toBe(0.05);
  });
});

describe("a snapshot", () => {
  it("is taken at the end of each epoch, and after a cut", () => {
    const snapshots = only(search(daNas).decisions, "snapshot");
    expect(
      snapshots.map(({ epoch, round, trainLoss }) => [epoch, round, trainLoss === null ? "cut" : "trained"]),
    ).toEqual([
      [1, 0, "trained"],
      [2, 1, "trained"],
      [3, 1, "trained"],
      [4, 1, "trained"],
      [5, 1, "trained"],
      [5, 1, "cut"],
      [6, 2, "trained"],
      [7, 2, "trained"],
      [8, 2, "trained"],
      [8, 2, "cut"],
    ]);
    // uniform over 5, 5, 4 and 5 candidates
    expect(snapshots[0].entropy).toBeCloseTo((3 * Math.log(5) + Math.log(4)) / 4, 12);
  });

  it("counts what was trained and gated in the cuts", () => {
    const { decisions, jobs } = search(daNas);
    const [first] = only(decisions, "prune");
    const issued = decisions.indexOf(first);
    const before = decisions.slice(0, issued).flatMap((decision) => (decision.type === "issue" ? [decision.job] : []));
    for (const { slot, candidate, timesTrained, timesGated } of first.cuts) {
      const trained = before.flatMap((job) => (job.kind === "train" ? job.steps : []));
      expect(timesTrained).toBe(trained.filter(({ paths }) => paths[0].architecture[slot] === candidate).length);
      // full mode: every alive candidate takes part in every gate step
      expect(timesGated).toBe(before.reduce((sum, job) => sum + (job.kind === "gates" ? job.steps.length : 0), 0));
    }
    expect(first.cuts.length).toBe(2 + 2 + 1 + 2);
    expect(jobs.filter(({ job }) => job.kind === "restrict")).toHaveLength(2);
  });
});

describe("the cost term", () => {
  const free = { ...daNas.rounds[2], epochs: 10, prune: 0, gates: true };
  const macsAt = (cost: { form: "hinge" | "linear" | "none"; lambda: number; target: number }, on = true) => {
    const plan: StrategyPlan = {
      ...daNas,
      rounds: [{ ...free, cost: on }],
      cost: { ...cost, beta: 0, metric: "macs" },
    };
    return only(search(plan).decisions, "snapshot").at(-1)?.expected.macs ?? 0;
  };
  it("draws the expected MACs down to its target where it is a hinge, and further where it is linear", () => {
    const none = macsAt({ form: "none", lambda: 0, target: 1 });
    const target = Math.round(0.7 * none);
    const hinge = macsAt({ form: "hinge", lambda: 50, target });
    expect(Math.abs(hinge / target - 1)).toBeLessThan(0.05);
    expect(macsAt({ form: "linear", lambda: 50, target })).toBeLessThan(0.8 * target);
    expect(macsAt({ form: "linear", lambda: 50, target }, false)).toBeCloseTo(none, 6);
  });
});

describe("a final choice", () => {
  it("of the most likely network is measured once, on the classes of the last round", () => {
    const { jobs, decisions } = search(daNas);
    expect(jobs.filter(({ job }) => job.kind === "evaluate")).toHaveLength(1);
    const [{ compared, chosen, logProbability }] = only(decisions, "choose");
    expect(compared.map(({ encoded }) => encoded)).toEqual([chosen.encoded]);
    expect(logProbability).toBeLessThan(0);
  });

  it("of the best of sampled networks takes the best measured, of different ones", () => {
    const plan = plans["da-nas, two paths, best of sampled"];
    const { decisions } = search(plan);
    const [{ compared, chosen }] = only(decisions, "choose");
    const accuracies = compared.map(({ validAccuracy }) => validAccuracy);
    expect(compared[accuracies.indexOf(Math.max(...accuracies))].encoded).toBe(chosen.encoded);
    expect(new Set(compared.map(({ encoded }) => encoded)).size).toBe(compared.length);
    expect(only(decisions, "report").map(({ value }) => value)).toEqual(accuracies);
  });
});
