import { describe, expect, it } from "vitest";
import type { DataInfo } from "../../domain/data.js";
import type { Decision } from "../../domain/decision.js";
import type { Plan, StrategyPlan } from "../../domain/plan.js";
import type { Context } from "../../domain/program.js";
import type { Ranking } from "../../domain/ranking.js";
import { strategyFor } from "../registry.js";
import { drive } from "../testing/drive.js";
import { plans } from "../testing/plans.js";
import { classNames, contextFor, tinyPlan, trainPerClass } from "../testing/world.js";

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
