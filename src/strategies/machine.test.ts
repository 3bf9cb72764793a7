import { describe, expect, it } from "vitest";
import type { Decision } from "../domain/decision.js";
import type { Plan, StrategyPlan } from "../domain/plan.js";
import type { Architecture } from "../domain/space.js";
import { learningRateAt } from "../schedule/learning-rate.js";
import type { Choice, Chooser } from "./choosers/choice.js";
import { firstDrawn } from "./choosers/choosers.js";
import { type Parameters, softmax } from "./distributions/softmax.js";
import { uniformPaths } from "./estimators/estimator.js";
import { machine } from "./machine.js";
import { strategyFor } from "./registry.js";
import { drive } from "./testing/drive.js";
import { plans } from "./testing/plans.js";
import { contextFor, tinyData, tinyPlan } from "./testing/world.js";

const daNas = plans["da-nas"];
const search = (plan: StrategyPlan, changes: Partial<Plan> = {}) =>
  drive(contextFor(tinyPlan(plan, changes)), strategyFor(plan));
const only = <T extends Decision["type"]>(decisions: readonly Decision[], type: T) =>
  decisions.filter((decision): decision is Extract<Decision, { type: T }> => decision.type === type);

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

  it("train what the round says is trained", () => {
    const whole = { epochs: 1, classes: tinyData.classes, estimator: uniformPaths<Parameters>(), quota: () => 0 };
    const parts = {
      family: softmax,
      rounds: [
        { ...whole, name: "norms", scope: "all_bn" },
        { ...whole, name: "all", scope: "all" },
      ],
      streaming: "stream-per-round",
      chooser: firstDrawn,
    } as const;
    const { jobs } = drive(
      contextFor(tinyPlan(plans.random)),
      machine(() => parts),
    );
    const scopes = jobs.map(({ job }) => (job.kind === "train" ? job.scope : null));
    expect(new Set(scopes.slice(0, jobs.length / 2))).toEqual(new Set(["all_bn"]));
    expect(new Set(scopes.slice(jobs.length / 2))).toEqual(new Set(["all"]));
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

describe("a chooser", () => {
  it("may nominate again from what its first nominees showed", () => {
    // two networks, then the better one with another candidate in its first slot, for two generations
    const better = ({ networks, accuracies }: Choice) => networks[accuracies.indexOf(Math.max(...accuracies))];
    const unknown = (architecture: Architecture) => ({ architecture, logProbability: null });
    const twoGenerations: Chooser = {
      how: "two generations",
      measured: true,
      nominate: (_, __, soFar) => {
        if (soFar.networks.length === 0) return [unknown([0, 0, 0, 0]), unknown([0, 2, 0, 0])];
        return soFar.networks.length < 4
          ? [unknown([1 + soFar.networks.length, ...better(soFar).architecture.slice(1)])]
          : [];
      },
    };
    const parts = { family: softmax, rounds: [], streaming: "one-stream", chooser: twoGenerations } as const;
    const context = contextFor(tinyPlan(plans.random));
    const { jobs, decisions } = drive(
      context,
      machine(() => parts),
    );
    const measured = jobs.map(({ job }) => (job.kind === "evaluate" ? job.architectures[0] : []));
    expect(measured).toEqual([
      [0, 0, 0, 0],
      [0, 2, 0, 0],
      [3, 2, 0, 0],
      [4, 2, 0, 0],
    ]);
    expect(only(decisions, "choose")[0].chosen.architecture).toEqual([3, 2, 0, 0]);
  });
});
