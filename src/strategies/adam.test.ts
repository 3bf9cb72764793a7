import { expect, it } from "vitest";
import { adam, type Moments } from "./adam.js";

it("takes Adam's steps, bias-corrected", () => {
  const options = { every: 1, learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, batchSize: 1 };
  const start: Moments = { first: [[0]], second: [[0]], count: 0 };
  const first = adam(options, start, [[0.5]]);
  // by hand: both corrected moments are the gradient's own at t = 1, so the step is lr (1 - about 2e-8)
  expect(first.steps[0][0]).toBeCloseTo(0.001, 9);
  const second = adam(options, first.moments, [[-0.2]]);
  // m = .9 .05 + .1 (-.2) = .025, over 1 - .81: .131579; v = .999 .00025 + .001 .04 = .00028975, over 1 - .998001:
  // .144947; step = .001 .131579 / .380719
  expect(second.steps[0][0]).toBeCloseTo(0.001 * (0.025 / 0.19 / Math.sqrt(0.00028975 / 0.001999)), 9);
  expect(second.steps[0][0]).toBeCloseTo(0.0003456, 7);
  expect(second.moments.count).toBe(2);
});

it("moves nothing by a gradient of zero where there is no momentum", () => {
  const options = { every: 1, learningRate: 0.1, beta1: 0, beta2: 0.999, epsilon: 1e-8, batchSize: 1 };
  const before: Moments = { first: [[-3]], second: [[9]], count: 4 };
  const { steps, moments } = adam(options, before, [[0]]);
  expect(steps[0][0]).toBe(0);
  expect(moments.second[0][0]).toBeCloseTo(8.991, 12);
  // a minus zero would not survive the journal
  expect(Object.is(moments.first[0][0], 0)).toBe(true);
});
