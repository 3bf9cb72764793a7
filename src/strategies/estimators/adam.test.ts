import { expect, it } from "vitest";
import { adam } from "./adam.js";

it("takes Adam's steps, bias-corrected", () => {
  const options = { every: 1, learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, batchSize: 1 };
  const [first, second] = [[0], [0]];
  const steps = [0.5];
  adam(options, 1, first, second, steps);
  // by hand: both corrected moments are the gradient's own at t = 1, so the step is lr (1 - about 2e-8)
  expect(steps[0]).toBeCloseTo(0.001, 9);
  steps[0] = -0.2;
  adam(options, 2, first, second, steps);
  // m = .9 .05 + .1 (-.2) = .025, over 1 - .81: .131579; v = .999 .00025 + .001 .04 = .00028975, over 1 - .998001:
  // .144947; step = .001 .131579 / .380719
  expect(first[0]).toBeCloseTo(0.025, 12);
  expect(second[0]).toBeCloseTo(0.00028975, 12);
  expect(steps[0]).toBeCloseTo(0.0003456, 7);
});

it("moves nothing by a gradient of zero where there is no momentum", () => {
  const options = { every: 1, learningRate: 0.1, beta1: 0, beta2: 0.999, epsilon: 0, batchSize: 1 };
  const [first, second, steps] = [
    [-3, 0],
    [9, 0],
    [0, 0],
  ];
  adam(options, 5, first, second, steps);
  expect(steps).toEqual([0, 0]);
  expect(second[0]).toBeCloseTo(8.991, 12);
  // a minus zero would not survive the journal
  expect(Object.is(first[0], 0)).toBe(true);
});
