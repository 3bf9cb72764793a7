import { describe, expect, it } from "vitest";
import type { LearningRate } from "../domain/plan.js";
import { stepsIn, stepsPerEpoch } from "./epochs.js";
import { learningRateAt } from "./learning-rate.js";
import { pruneQuota } from "./quota.js";

const rate = (changes: Partial<LearningRate>): LearningRate => ({
  shape: "cosine",
  from: 0.1,
  to: 0.02,
  warmupEpochs: 0,
  cycles: 1,
  ...changes,
});

describe("the learning rate", () => {
  it("falls as a cosine from `from` by way of the middle", () => {
    const at = (step: number) => learningRateAt(rate({}), step, 100, 10);
    expect(at(0)).toBe(0.1);
    expect(at(50)).toBeCloseTo(0.06, 12);
    // a quarter of the way: .02 + .08 (1 + cos 45 deg) / 2
    expect(at(25)).toBeCloseTo(0.02 + 0.08 * 0.8535533905932737, 12);
    expect(at(99)).toBeGreaterThan(0.02);
    expect(at(99)).toBeLessThan(0.0201);
  });

  it("falls in a line, or stays", () => {
    expect(learningRateAt(rate({ shape: "linear" }), 25, 100, 10)).toBeCloseTo(0.08, 12);
    expect(learningRateAt(rate({ shape: "constant" }), 99, 100, 10)).toBe(0.1);
  });

  it("starts anew with every cycle", () => {
    const at = (step: number) => learningRateAt(rate({ shape: "cosine-restarts", cycles: 4 }), step, 100, 10);
    for (const start of [0, 25, 50, 75]) expect(at(start)).toBeCloseTo(0.1, 12);
    expect(at(24)).toBeLessThan(0.021);
    expect(at(30)).toBeCloseTo(at(5), 12);
  });

  it("rises in a line through its warm-up, from above zero to where the shape begins", () => {
    const at = (step: number) => learningRateAt(rate({ warmupEpochs: 1 }), step, 100, 9);
    for (let step = 0; step < 9; step++) expect(at(step)).toBeCloseTo(0.01 * (step + 1), 12);
    expect(at(9)).toBe(0.1);
    expect(at(10)).toBeLessThan(0.1);
  });

  it("is a number also where the warm-up is all there is", () => {
    expect(learningRateAt(rate({ warmupEpochs: 5 }), 9, 10, 10)).toBeCloseTo(0.1 * (10 / 11), 12);
  });
});

describe("the quota", () => {
  it("is floor(ratio x alive), and always leaves one", () => {
    // the paper's 0.4 of 19 candidates, round by round: 19 -> 12 -> 8 -> 5
    expect([19, 12, 8].map((n) => n - pruneQuota(n, 0.4))).toEqual([12, 8, 5]);
    expect(pruneQuota(5, 1)).toBe(4);
    expect(pruneQuota(1, 0.9)).toBe(0);
    expect(pruneQuota(7, 0)).toBe(0);
  });
  it("takes decimals at their word", () => {
    expect(0.29 * 100).toBeLessThan(29);
    expect(pruneQuota(100, 0.29)).toBe(29);
  });
});

describe("an epoch", () => {
  it("drops the incomplete last batch, unless it is the only one", () => {
    expect(stepsPerEpoch(100, 32)).toBe(3);
    expect(stepsPerEpoch(96, 32)).toBe(3);
    expect(stepsPerEpoch(20, 32)).toBe(1);
    expect(stepsIn(0.5, 3)).toBe(2);
    expect(stepsIn(20, 3)).toBe(60);
  });
});
