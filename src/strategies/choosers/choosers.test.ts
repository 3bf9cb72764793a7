import { describe, expect, it } from "vitest";
import { extremes } from "../../cost/extremes.js";
import { allAlive } from "../../domain/space.js";
import { softmax } from "../distributions/softmax.js";
import { plans } from "../testing/plans.js";
import { contextFor, tinyPlan } from "../testing/world.js";
import { noChoice } from "./choice.js";
import { bestOfRandom, chooserOf } from "./choosers.js";

const context = contextFor(tinyPlan(plans.random));
const { smallest } = extremes(context.costs);
const alive = allAlive(context.plan.space);
const widths = context.costs.slots;
const tight = contextFor(
  tinyPlan(plans.random, { budget: { macs: { most: smallest.macs }, params: { most: smallest.params } } }),
);
const sampled = chooserOf({ how: "best-of-sampled", samples: 3 });

describe("networks to choose from", () => {
  it("are drawn until there are so many different ones, with their probabilities where those say something", () => {
    const uniform = softmax.of(softmax.start(widths), alive);
    const drawn = sampled.nominate(context, uniform, noChoice);
    expect(new Set(drawn.map(({ architecture }) => architecture.join())).size).toBe(3);
    // 5 x 5 x 4 x 5 networks
    for (const { logProbability } of drawn) expect(logProbability).toBeCloseTo(-Math.log(500), 12);
    expect(bestOfRandom(3).nominate(context, uniform, noChoice)).toEqual(
      drawn.map(({ architecture }) => ({ architecture, logProbability: null })),
    );
  });

  it("are the only one within the budget where its probability is too small to be drawn", () => {
    const alphas = widths.map((row, slot) => row.map((_, o) => (o === smallest.architecture[slot] ? -2000 : 0)));
    const unlikely = softmax.of({ ...softmax.start(widths), alphas }, alive);
    expect(unlikely.marginals[0][smallest.architecture[0]]).toBe(0);
    const nominees = sampled.nominate(tight, unlikely, noChoice);
    expect(nominees.map(({ architecture }) => architecture)).toEqual([smallest.architecture]);
  });

  it("are as many as the chooser says, once: the second time there are no more", () => {
    const distribution = softmax.of(softmax.start(widths), alive);
    for (const chooser of [sampled, chooserOf({ how: "most-likely" }), chooserOf({ how: "argmax" })]) {
      const networks = chooser.nominate(context, distribution, noChoice);
      expect(networks.length).toBeGreaterThan(0);
      expect(chooser.nominate(context, distribution, { ...noChoice, networks })).toEqual([]);
    }
  });
});
