import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limitsOf } from "./budget.js";
import { optionsOf } from "./options.js";
import { architectureCost } from "./table.js";
import { bruteForce, type Problem, problems, problemsOfThree } from "./testing/problems.js";
import { withinBudget } from "./testing/within.js";
import { searchWindow } from "./window.js";

describe("the likeliest within a window", () => {
  // few cells and steps: the grid must not be exact, nor the descent find everything
  it.each([
    [1, 0],
    [3, 0],
    [5, 4],
    [7, 1000],
    [1000, 0],
  ])("is what trying all of them finds, by a grid of %i cells and a descent of %i steps", (cells, steps) => {
    const isFound = <M extends string>(given: fc.Arbitrary<Problem<M>>) =>
      fc.property(given, (problem) => {
        const { table, logProbabilities, alive, budget } = problem;
        const options = optionsOf(table, logProbabilities, alive);
        fc.pre(options.every((slot) => slot.length > 0));
        const found = searchWindow(options, limitsOf(table, budget), { cells, steps });
        const best = bruteForce(problem);
        expect(found?.logProbability ?? null).toEqual(best === null ? null : expect.closeTo(best.logProbability, 8));
        if (found) expect(withinBudget(architectureCost(table, found.architecture), budget)).toBe(true);
      });
    fc.assert(isFound(problems), { numRuns: 300 });
    fc.assert(isFound(problemsOfThree), { numRuns: 100 });
  });
});
