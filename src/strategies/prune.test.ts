import { describe, expect, it } from "vitest";
import { extremes } from "../cost/extremes.js";
import type { Budget } from "../domain/cost.js";
import { pruneQuota } from "../schedule/quota.js";
import { softmax } from "./distributions/softmax.js";
import { cutWeakest } from "./prune.js";
import { plans } from "./testing/plans.js";
import { contextFor, tinyPlan } from "./testing/world.js";

const alive = [
  [0, 1, 2, 3, 4],
  [0, 1, 2, 3, 4],
  [0, 1, 2, 3],
  [0, 1, 2, 3, 4],
];
const counts = (value: number) => alive.map((row) => row.map((o) => value + o));
const tally = { trained: counts(100), gated: counts(10), lossSum: 0, accuracySum: 0, count: 0 };

function cut(alphas: number[][], ratio: number, budget: Budget = {}) {
  const context = contextFor(tinyPlan(plans["da-nas"], { budget }));
  const distribution = softmax.of({ ...softmax.start(alive), alphas }, alive);
  return { context, ...cutWeakest(context, distribution, tally, (count) => pruneQuota(count, ratio)) };
}

/** the more multiply-adds the better: what is cheap goes first */
const costly = contextFor(tinyPlan(plans["da-nas"])).costs.slots.map((row) => row.map(({ macs }) => macs / 20_000));

describe("a cut", () => {
  it("takes floor(ratio x alive) of each slot, the least probable, ties by index", () => {
    const alphas = [
      [0, 1, 2, 3, 4],
      [4, 3, 2, 1, 0],
      [0, 0, 0, 0],
      [0, 5, 0, 5, 0],
    ];
    const { alive: left, cuts } = cut(alphas, 0.4);
    expect(left).toEqual([
      [2, 3, 4],
      [0, 1, 2],
      [1, 2, 3],
      [1, 3, 4],
    ]);
    expect(cuts.map(({ slot, candidate }) => [slot, candidate])).toEqual([
      [0, 0],
      [0, 1],
      [1, 4],
      [1, 3],
      [2, 0],
      [3, 0],
      [3, 2],
    ]);
  });

  it("is told with all that explains it", () => {
    const { cuts, context } = cut(
      [
        [0, Math.log(2), 0.7, 0.8, 0.9],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0, 0],
      ],
      0.2,
    );
    const total = 1 + 2 + Math.exp(0.7) + Math.exp(0.8) + Math.exp(0.9);
    expect(cuts[0].probability).toBeCloseTo(1 / total, 12);
    expect(cuts[0].margin).toBeCloseTo(1 / total, 12);
    expect(cuts[0]).toMatchObject({
      slot: 0,
      candidate: 0,
      survivor: 1,
      timesTrained: 100,
      timesGated: 10,
      macs: context.costs.slots[0][0].macs,
    });
  });

  it("never takes the last one, whatever the ratio", () => {
    expect(
      cut(
        [
          [0, 1, 2, 3, 4],
          [4, 3, 2, 1, 0],
          [0, 1, 2, 3],
          [0, 5, 0, 5, 0],
        ],
        1,
      ).alive,
    ).toEqual([[4], [0], [3], [3]]);
  });

  it("leaves a network within the budget, where plain cuts would leave none", () => {
    const { context } = cut(costly, 0);
    const maxMacs = Math.round(1.2 * extremes(context.costs).smallest.macs);
    expect(extremes(context.costs, cut(costly, 0.6).alive).smallest.macs).toBeGreaterThan(maxMacs);
    const spared = cut(costly, 0.6, { macs: { most: maxMacs } });
    expect(extremes(context.costs, spared.alive).smallest.macs).toBeLessThanOrEqual(maxMacs);
    expect(spared.alive.map((row) => row.length)).toEqual([2, 2, 2, 2]);
  });

  it("leaves the plain cuts alone where they leave such a network anyway", () => {
    const { context, alive: plain } = cut(costly, 0.6);
    expect(cut(costly, 0.6, { macs: { most: extremes(context.costs, plain).smallest.macs } }).alive).toEqual(plain);
  });
});
