import { describe, expect, it } from "vitest";
import type { Budget, CostTable, Metric } from "../domain/cost.js";
import { allAlive } from "../domain/space.js";
import { builtinSpace, builtinSpaces } from "../spaces/builtins.js";
import { rng } from "../util/rng.js";
import { drawer, drawWithin, type Refusals } from "./draw.js";
import { architectureCost, costTable } from "./table.js";
import { everyArchitecture } from "./testing/enumerate.js";
import { withinBudget } from "./testing/within.js";

const none: Budget = {};

/** 4 slots of 3: 81 architectures; with a third metric, made up, in a table like any other; costs in tens of thousands, so that the grid's cells are many MACs wide */
const table: CostTable<Metric | "latencyNs"> = {
  fixed: { macs: 10_000, params: 10, latencyNs: 500 },
  slots: [
    [0, 51_234, 120_077],
    [13_011, 40_506, 90_009],
    [7, 33_333, 61_111],
    [20_202, 20_203, 140_001],
  ].map((slot) => slot.map((macs, index) => ({ macs, params: 3 * index + (macs % 5), latencyNs: (macs % 7) * 1000 }))),
};
const alive = table.slots.map((slot) => slot.map((_, index) => index));
const probabilities = [
  [0.2, 0.3, 0.5],
  [0.05, 0.15, 0.8],
  [0.6, 0.3, 0.1],
  [0.1, 0, 0.9],
];

const budgets: [string, Budget<Metric | "latencyNs">][] = [
  ["no limit", none],
  ["a most of MACs", { macs: { most: 200_000 } }],
  ["a tight most of MACs", { macs: { most: 70_000 } }],
  ["a least of MACs", { macs: { least: 350_000 } }],
  ["a window", { macs: { least: 180_000, most: 230_000 } }],
  ["few parameters", { params: { most: 22 } }],
  ["all limits", { macs: { least: 100_000, most: 250_000 }, params: { most: 27 } }],
  ["a window of a made-up metric", { latencyNs: { least: 7_000, most: 10_000 } }],
  [
    "limits of three metrics",
    { macs: { most: 250_000 }, params: { least: 16, most: 30 }, latencyNs: { most: 11_000 } },
  ],
];

const ways: [string, Refusals][] = [
  ["tilted draws", { tilted: 1e6, plainGrid: 0, tiltedGrid: 0 }],
  ["the grid", { tilted: 0, plainGrid: 1e6, tiltedGrid: 0 }],
  ["the tilted grid", { tilted: 0, plainGrid: 0, tiltedGrid: 1e6 }],
];

describe("an architecture drawn within a budget", () => {
  describe.each(ways)("by %s", (_, refusals) => {
    it.each(budgets)("comes as often as its probability given %s", (_name, budget) => {
      const expected = new Map<string, number>();
      let total = 0;
      for (const architecture of everyArchitecture(alive)) {
        const probability = architecture.reduce((product, o, slot) => product * probabilities[slot][o], 1);
        if (probability === 0 || !withinBudget(architectureCost(table, architecture), budget)) continue;
        expected.set(architecture.join(" "), probability);
        total += probability;
      }
      const draws = 8000;
      const counts = new Map<string, number>();
      const draw = drawer(table, probabilities, alive, budget, refusals);
      const source = rng(17);
      for (let i = 0; i < draws; i++) {
        const key = draw(source)?.join(" ") ?? "none";
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      expect([...counts.keys()].filter((key) => !expected.has(key))).toEqual([]);
      // Pearson's chi-square, rare ones pooled; its mean is the degrees of freedom d, its deviation sqrt(2 d)
      let chiSquare = 0;
      let cells = 0;
      let pooledCount = 0;
      let pooledExpected = 0;
      const count = (seen: number, wanted: number) => {
        chiSquare += (seen - wanted) ** 2 / wanted;
        cells++;
      };
      for (const [key, probability] of expected) {
        const wanted = (draws * probability) / total;
        if (wanted >= 10) count(counts.get(key) ?? 0, wanted);
        else {
          pooledExpected += wanted;
          pooledCount += counts.get(key) ?? 0;
        }
      }
      if (pooledExpected >= 10) count(pooledCount, pooledExpected);
      const freedom = Math.max(1, cells - 1);
      expect(chiSquare).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom));
    });
  });

  it("is the same for the same seed", () => {
    const budget = { macs: { most: 100_000 } };
    const draw = () => drawWithin(rng(3).fork("draw"), table, probabilities, alive, budget);
    expect(draw()).toEqual(draw());
  });

  it("is one of those alive", () => {
    const some = [[2], [0, 2], [1], [2]];
    for (let seed = 0; seed < 20; seed++) {
      const drawn = drawWithin(rng(seed), table, probabilities, some, none);
      expect(drawn?.every((candidate, slot) => some[slot].includes(candidate))).toBe(true);
    }
  });

  it("is null where nothing is within, or what is within is impossible", () => {
    expect(drawWithin(rng(1), table, probabilities, alive, { macs: { most: 40_000 } })).toBeNull();
    // the only ones so cheap have the impossible candidate
    expect(drawWithin(rng(1), table, probabilities, [[0], [0], [0], [1]], none)).toBeNull();
    // within each limit alone, but not within both
    expect(
      drawWithin(rng(1), table, probabilities, alive, { macs: { least: 410_000 }, params: { most: 20 } }),
    ).toBeNull();
  });

  describe("of danas-mobile", () => {
    const space = builtinSpace("danas-mobile", builtinSpaces["danas-mobile"].input, 1000);
    const costs = costTable(space);
    const every = allAlive(space);
    const even = space.slots.map(({ candidates }) => candidates.map(() => 1 / candidates.length));
    const draw = (budget: Budget, rows = even) => {
      const found = drawWithin(rng(5), costs, rows, every, budget);
      return found && withinBudget(architectureCost(costs, found), budget);
    };

    it("is found where one in a million plain draws would be within", () => {
      expect(draw({ macs: { most: 90e6 } })).toBe(true);
      expect(draw({ macs: { least: 560e6 } })).toBe(true);
      expect(draw({ macs: { most: 200e6 }, params: { most: 2.4e6 } })).toBe(true);
    });

    it("is found in a window a ten-thousandth wide", () => {
      expect(draw({ macs: { least: 299.97e6, most: 300e6 } })).toBe(true);
    });

    it.each([
      ["macs", 100e6],
      ["params", 2e6],
    ] as const)("is found where the distribution insists on too many %s", (metric, limit) => {
      // all but certain of the dearest candidate everywhere: e^-35 for the others, as a converged search has it
      const sure = costs.slots.map((slot) => {
        const most = Math.max(...slot.map((cost) => cost[metric]));
        return slot.map((cost) => (cost[metric] === most ? 1 : Math.exp(-35)));
      });
      expect(draw({ [metric]: { most: limit } }, sure)).toBe(true);
    });
  });
});
