import { describe, expect, it } from "vitest";
import { entropy, logSumExp, mean, softmax } from "./numeric.js";

describe("softmax and ln sum exp", () => {
  it("are what their formulas say", () => {
    expect(logSumExp([Math.log(2), Math.log(3), Math.log(5)])).toBeCloseTo(Math.log(10), 12);
    expect(softmax([0, Math.log(3)]).map((p) => p.toFixed(12))).toEqual(["0.250000000000", "0.750000000000"]);
  });
  it("do not overflow, nor underflow to nothing", () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.log(2), 9);
    expect(logSumExp([-1000, -1000])).toBeCloseTo(-1000 + Math.log(2), 9);
    expect(softmax([-2000, -2000])).toEqual([0.5, 0.5]);
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("entropy", () => {
  it("is ln n of n equal shares, 0 of a certainty", () => {
    expect(entropy([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 12);
    expect(entropy([0, 1])).toBe(0);
  });
});

describe("the mean", () => {
  it("of nothing is refused rather than NaN", () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(() => mean([])).toThrow();
  });
});
