import { describe, expect, it } from "vitest";
import { expectedOf } from "../../cost/expected.js";
import type { CostTerm } from "../../domain/plan.js";
import { softmax } from "../../util/numeric.js";
import { lossSlopes } from "./cost-term.js";
import { gateGradient } from "./gate-update.js";

const macs = (value: number) => ({ macs: value, params: 0 });
const table = {
  fixed: macs(1e6),
  slots: [
    [macs(2e6), macs(5e6), macs(0)],
    [macs(3e6), macs(4e6)],
  ],
};
const alphas = [
  [0.2, -0.4, 0.1],
  [0.5, 0],
];
const crossEntropy = 1.7;
const classes = 100;

/** METHODS 1.5, written out */
function loss(term: CostTerm, at: readonly (readonly number[])[]): number {
  const expected = expectedOf(
    table,
    "macs",
    at.map((row) => softmax(row)),
  );
  const { lambda, beta, target } = term;
  if (term.form === "hinge") {
    return crossEntropy / Math.log(classes) + lambda * Math.max(0, expected / target - 1);
  }
  if (term.form === "linear") return crossEntropy + (lambda * (expected - target)) / target;
  return lambda * crossEntropy * (Math.log(expected) / Math.log(target)) ** beta;
}

const terms: readonly CostTerm[] = [
  { form: "hinge", lambda: 0.3, beta: 0, metric: "macs", target: 3e6 },
  { form: "hinge", lambda: 0.3, beta: 0, metric: "macs", target: 9e6 },
  { form: "linear", lambda: 0.1, beta: 0, metric: "macs", target: 4e6 },
  { form: "log-power", lambda: 0.2, beta: 0.3, metric: "macs", target: 4e6 },
];

describe("the cost term", () => {
  it.each(terms)("$form towards $target has the gradient of its formula", (term) => {
    const probabilities = alphas.map((row) => softmax(row));
    const { perUnit } = lossSlopes(term, true, crossEntropy, expectedOf(table, "macs", probabilities), classes);
    for (const [slot, row] of alphas.entries()) {
      const gates = table.slots[slot].map((cost) => perUnit * cost.macs);
      for (const [i, gradient] of gateGradient(probabilities[slot], gates).entries()) {
        const moved = (by: number) =>
          loss(
            term,
            alphas.map((other, s) => other.map((a, j) => (s === slot && j === i ? a + by : a))),
          );
        expect(gradient).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 7);
      }
      expect(row.length).toBe(table.slots[slot].length);
    }
  });

  it("scales the cross-entropy's own gradient as its form says", () => {
    const [hinge, , linear, logPower] = terms;
    expect(lossSlopes(hinge, true, 2, 1e6, 100).perCrossEntropy).toBeCloseTo(1 / Math.log(100), 12);
    expect(lossSlopes(linear, true, 2, 1e6, 100).perCrossEntropy).toBe(1);
    // at the target the ratio is 1
    expect(lossSlopes(logPower, true, 2, 4e6, 100).perCrossEntropy).toBeCloseTo(0.2, 12);
  });

  it("does nothing in a round without it, but hinge keeps its scale", () => {
    for (const term of terms) expect(lossSlopes(term, false, 2, 9e9, 10).perUnit).toBe(0);
    expect(lossSlopes(terms[0], false, 2, 9e9, 10).perCrossEntropy).toBeCloseTo(1 / Math.log(10), 12);
    expect(lossSlopes(terms[3], false, 2, 9e9, 10).perCrossEntropy).toBe(1);
  });
});
