import { expect, it } from "vitest";
import { weights } from "./weights.js";

const alive = [[0, 1], [1]];
const theta = [
  [3, 1],
  [0, 2],
];

it("shows theta over its sum, and is cut by theta itself", () => {
  const { marginals, scores, criterion } = weights.of(theta, alive);
  expect(marginals).toEqual([
    [0.75, 0.25],
    [0, 1],
  ]);
  expect([scores, criterion]).toEqual([theta, "theta"]);
});

it("has probabilities that add up to 1, though theta does not", () => {
  const { logProbability } = weights.of(theta, alive);
  expect(Math.exp(logProbability([0, 1]))).toBeCloseTo(0.75, 12);
  expect(Math.exp(logProbability([1, 1]))).toBeCloseTo(0.25, 12);
});

it("starts uniform, and keeps no weight for the cut", () => {
  const start = weights.start([[0, 0, 0, 0], [0]]);
  expect(start).toEqual([[0.25, 0.25, 0.25, 0.25], [1]]);
  expect(weights.keepOnly(start, [[1, 3], [0]])).toEqual([[0, 0.25, 0, 0.25], [1]]);
});
