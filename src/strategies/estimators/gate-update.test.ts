import { describe, expect, it } from "vitest";
import type { CostTerm } from "../../domain/plan.js";
import type { GateMode } from "../../options/gate.js";
import { rng } from "../../util/rng.js";
import { type Parameters, probabilitiesOf, softmax } from "../distributions/softmax.js";
import { drawGates, type GateRules, gateGradient, gateUpdate } from "./gate-update.js";

const options = { every: 1, learningRate: 0.1, beta1: 0, beta2: 0.999, epsilon: 0, batchSize: 1 };
const none: CostTerm = { form: "none", lambda: 0, beta: 0, metric: "macs", target: 1 };
const macs = (value: number) => ({ macs: value, params: 0 });
const table = {
  fixed: macs(10),
  slots: [
    [macs(100), macs(200), macs(0)],
    [macs(50), macs(30)],
  ],
};
const alive = [
  [0, 1, 2],
  [0, 1],
];
const zeros = () => [
  [0, 0, 0],
  [0, 0],
];

const start = (alphas: number[][]): Parameters => ({
  alphas,
  moments: { first: zeros(), second: zeros(), count: 0 },
});

const rules = (mode: GateMode, changes: Partial<GateRules> = {}): GateRules => ({
  mode,
  options,
  term: none,
  costActs: true,
  classes: 10,
  table,
  ...changes,
});

const pair = { architecture: [0, 0], alternatives: [[1], [1]], batch: 0 };
const signal = {
  loss: 2,
  accuracy: 0.5,
  gradients: [
    [-1, 3],
    [2, 2],
  ],
};

describe("the gradient of the architecture parameters", () => {
  it("of a pair is the two-path formula", () => {
    // by hand: p = (1/4, 3/4), dL/dg = (-1, 3): sum p g = 2; (1/4)(-1 - 2) and (3/4)(3 - 2)
    expect(gateGradient([0.25, 0.75], [-1, 3])).toEqual([-0.75, 0.75]);
  });

  it("is that of the loss L(softmax(alpha)), L linear in the gates, by finite differences", () => {
    const gates = [0.7, -1.2, 0.4, 2];
    const alphas = [0.1, -0.3, 0.8, 0];
    const loss = (at: readonly number[]) => {
      const total = at.reduce((sum, a) => sum + Math.exp(a), 0);
      return at.reduce((sum, a, i) => sum + (gates[i] * Math.exp(a)) / total, 0);
    };
    const total = alphas.reduce((sum, a) => sum + Math.exp(a), 0);
    const gradient = gateGradient(
      alphas.map((a) => Math.exp(a) / total),
      gates,
    );
    for (const [i, g] of gradient.entries()) {
      const moved = (by: number) => loss(alphas.map((a, j) => (j === i ? a + by : a)));
      expect(g).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 8);
    }
  });
});

describe("a gate step", () => {
  it("moves a pair by Adam's first step, then back so that the two keep their common share", () => {
    const { alphas } = gateUpdate(rules("two-path"), start(zeros()), alive, [pair], [signal]);
    // Adam's first step is the learning rate by the gradient's sign: alpha = (+0.1, -0.1); both shifted by
    // ln(e^0.1 + e^-0.1) - ln 2 = ln cosh 0.1
    const shift = Math.log(Math.cosh(0.1));
    expect(alphas[0][0]).toBeCloseTo(0.1 - shift, 12);
    expect(alphas[0][1]).toBeCloseTo(-0.1 - shift, 12);
    // equal gradients move nothing
    expect(alphas[1][0]).toBeCloseTo(0, 12);
  });

  it("leaves the probability of candidates not drawn as it is, in two-path mode", () => {
    const before = start([
      [0.3, -0.2, 0.5],
      [0.1, 0.2],
    ]);
    let after = before;
    for (let i = 0; i < 5; i++) after = gateUpdate(rules("two-path"), after, alive, [pair], [signal]);
    const [was, is] = [probabilitiesOf(before.alphas, alive), probabilitiesOf(after.alphas, alive)];
    expect(is[0][2]).toBeCloseTo(was[0][2], 12);
    expect(is[0][0]).toBeGreaterThan(was[0][0] + 0.05);
  });

  it("and also with a cost term, and with momentum that they have from before", () => {
    const term: CostTerm = { form: "linear", lambda: 1, beta: 0, metric: "macs", target: 100 };
    const changed = rules("two-path", { term, options: { ...options, beta1: 0.9 } });
    const others = { architecture: [2, 0], alternatives: [[0], [1]], batch: 0 };
    const before = gateUpdate(changed, start(zeros()), alive, [others], [signal]);
    const after = gateUpdate(changed, before, alive, [pair], [signal]);
    const [was, is] = [probabilitiesOf(before.alphas, alive), probabilitiesOf(after.alphas, alive)];
    expect(is[0][2]).toBeCloseTo(was[0][2], 12);
    expect(Math.abs(is[0][0] - was[0][0])).toBeGreaterThan(0.01);
  });

  it("moves every alive candidate in full mode", () => {
    const full = { architecture: [1, 1], alternatives: [[0, 2], [0]], batch: 0 };
    const measured = {
      loss: 2,
      accuracy: 0.5,
      gradients: [
        [0, -3, 6],
        [1, -1],
      ],
    };
    const { alphas } = gateUpdate(rules("full"), start(zeros()), alive, [full], [measured]);
    // p = 1/3 each, dL/dg of (0, 1, 2) = (-3, 0, 6), mean 1: gradient (-4, -1, 5)/3, each one learning rate by its sign;
    // in the second slot of (0, 1) = (-1, 1)
    expect(alphas[0].map((a) => Math.round(a * 1e9) / 1e9)).toEqual([0.1, 0.1, -0.1]);
    expect(alphas[1].map((a) => Math.round(a * 1e9) / 1e9)).toEqual([0.1, -0.1]);
  });

  it("takes the cost's way too: where only the cost acts, the cheaper of two gains", () => {
    const term: CostTerm = { form: "hinge", lambda: 1, beta: 0, metric: "macs", target: 50 };
    const flat = {
      loss: 2,
      accuracy: 0.5,
      gradients: [
        [0, 0],
        [0, 0],
      ],
    };
    const { alphas } = gateUpdate(rules("two-path", { term }), start(zeros()), alive, [pair], [flat]);
    expect(alphas[0][0]).toBeGreaterThan(alphas[0][1]);
    expect(alphas[1][0]).toBeLessThan(alphas[1][1]);
    const off = gateUpdate(rules("two-path", { term, costActs: false }), start(zeros()), alive, [pair], [flat]);
    expect(off.alphas).toEqual(start(zeros()).alphas);
  });
});

describe("after a cut", () => {
  it("the moments of the cut vanish, the survivors keep theirs", () => {
    const full = { architecture: [1, 1], alternatives: [[0, 2], [0]], batch: 0 };
    const measured = {
      loss: 2,
      accuracy: 0.5,
      gradients: [
        [0, -3, 6],
        [1, -1],
      ],
    };
    const before = gateUpdate(rules("full"), start(zeros()), alive, [full], [measured]);
    const after = softmax.keepOnly(before, [
      [0, 2],
      [0, 1],
    ]);
    expect(after.alphas[0][1]).toBe(0);
    expect(after.moments.second[0][1]).toBe(0);
    expect(after.moments.second[0][2]).toBe(before.moments.second[0][2]);
    expect(after.moments.second[0][2]).toBeGreaterThan(0);
    expect(after.moments.count).toBe(1);
  });
});

describe("the gates drawn", () => {
  const probabilities = [
    [0.7, 0.2, 0.1],
    [1, 0],
  ];
  it("in two-path mode: two without replacement, the active one by its share of the two", () => {
    let [active0, pair01] = [0, 0];
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const step = drawGates(rng("gates").fork(i), probabilities, alive, "two-path", i);
      const both = [step.architecture[0], ...step.alternatives[0]];
      expect(new Set(both).size).toBe(2);
      if (both.includes(0) && both.includes(1)) pair01++;
      if (step.architecture[0] === 0) active0++;
      // a candidate of probability 0 is still the alternative where there is no other
      expect([step.architecture[1], ...step.alternatives[1]].sort()).toEqual([0, 1]);
    }
    // by hand: P{0,1} = .7 .2/.3 + .2 .7/.8 = .641667; P{0,2} = .7 .1/.3 + .1 .7/.9 = .311111;
    // P(0 active) = P{0,1} .7/.9 + P{0,2} .7/.8 = .771296; four standard deviations of 20,000 draws are 0.0136
    expect(Math.abs(pair01 / draws - 0.641667)).toBeLessThan(0.0136);
    expect(Math.abs(active0 / draws - 0.771296)).toBeLessThan(0.0136);
  });

  it("in full mode: all others alive are alternatives", () => {
    const step = drawGates(rng(1), [[0.5, 0, 0.5]], [[0, 2]], "full", 3);
    expect([step.architecture[0], ...step.alternatives[0]].sort()).toEqual([0, 2]);
    expect(step.batch).toBe(3);
  });
});
