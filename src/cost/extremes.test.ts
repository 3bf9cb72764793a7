import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CostTable } from "../domain/cost.js";
import { builtinSpace } from "../spaces/builtins.js";
import { checkReachable, extremes } from "./extremes.js";
import { architectureCost, costTable } from "./table.js";
import { everyArchitecture } from "./testing/enumerate.js";

const costs = fc.record({ macs: fc.integer({ min: 0, max: 9 }), params: fc.integer({ min: 0, max: 9 }) });
const tables: fc.Arbitrary<CostTable> = fc.record({
  fixed: costs,
  slots: fc.array(fc.array(costs, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
});
const everything = (table: CostTable) => table.slots.map((slot) => slot.map((_, index) => index));

describe("the smallest and the largest network", () => {
  it("have the least and the most MACs of all, and no more parameters than they must", () => {
    fc.assert(
      fc.property(tables, (table) => {
        const all = [...everyArchitecture(everything(table))].map((a) => architectureCost(table, a));
        const { smallest, largest } = extremes(table);
        const least = Math.min(...all.map(({ macs }) => macs));
        const most = Math.max(...all.map(({ macs }) => macs));
        const fewest = (macs: number) => Math.min(...all.filter((c) => c.macs === macs).map(({ params }) => params));
        expect([smallest.macs, smallest.params]).toEqual([least, fewest(least)]);
        expect([largest.macs, largest.params]).toEqual([most, fewest(most)]);
        expect(architectureCost(table, smallest.architecture)).toEqual({ macs: least, params: fewest(least) });
      }),
    );
  });

  it("are of those alive", () => {
    const table: CostTable = { fixed: { macs: 1, params: 0 }, slots: [[1, 2, 3].map((macs) => ({ macs, params: 0 }))] };
    expect(extremes(table, [[1]])).toEqual({
      smallest: { architecture: [1], macs: 3, params: 0 },
      largest: { architecture: [1], macs: 3, params: 0 },
    });
  });
});

describe("a budget out of reach", () => {
  const table: CostTable = {
    fixed: { macs: 1_000_000, params: 100_000 },
    slots: [
      [
        { macs: 60_200_000, params: 900_000 },
        { macs: 80_000_000, params: 200_000 },
      ],
    ],
  };
  const told = (message: string, hint: string) =>
    expect.objectContaining({ code: "E_BUDGET_UNREACHABLE", message, hint, exitCode: 2 });

  it("is told with what the smallest network needs", () => {
    expect(() => checkReachable(table, { macs: { most: 40e6 } })).toThrow(
      told(
        "the smallest architecture needs 61.2M MACs, the budget is 40M",
        "raise budget.maxMacs, or use a smaller space or input",
      ),
    );
  });

  it("is told for parameters, and for a least of MACs", () => {
    expect(() => checkReachable(table, { params: { most: 250_000 } })).toThrow(
      told(
        "the architecture with the fewest parameters has 300k, the budget is 250k",
        "raise budget.maxParams, or use a smaller space",
      ),
    );
    expect(() => checkReachable(table, { macs: { least: 100e6 } })).toThrow(
      told(
        "the largest architecture has 81M MACs, the budget asks for at least 100M",
        "lower budget.minMacs, or use a larger space or input",
      ),
    );
  });

  it("is told where each limit can be kept, but not both", () => {
    expect(() => checkReachable(table, { macs: { most: 70e6 }, params: { most: 400_000 } })).toThrow(
      told(
        "each limit of the budget can be kept, but not all at once: at most 70M MACs, at most 400k parameters",
        "raise budget.maxMacs or budget.maxParams, or lower budget.minMacs",
      ),
    );
  });

  it("depends on what is alive", () => {
    expect(() => checkReachable(table, { macs: { most: 70e6 } }, [[0, 1]])).not.toThrow();
    expect(() => checkReachable(table, { macs: { most: 70e6 } }, [[1]])).toThrow(/needs 81M MACs/);
  });

  it("is not the one of exactly the smallest network", () => {
    const space = builtinSpace("quickstart", { channels: 1, height: 28, width: 28 }, 10);
    const own = costTable(space);
    const { macs, params } = extremes(own).smallest;
    expect(() => checkReachable(own, { macs: { least: macs, most: macs }, params: { most: params } })).not.toThrow();
    expect(() => checkReachable(own, { macs: { most: macs - 1 } })).toThrow(/smallest architecture/);
  });
});
