import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, Op } from "../domain/space.js";
import { builtinSpace, builtinSpaces } from "../spaces/builtins.js";
import { randomSpacesWithArchitecture } from "../spaces/testing/random-space.js";
import { expectedCost } from "./expected.js";
import { architectureCost, blockCost, costTable, priced } from "./table.js";
import { countNetwork } from "./testing/count.js";
import { everyArchitecture } from "./testing/enumerate.js";

const block = (op: Op, shape: Partial<Block> = {}): Block => ({
  op,
  inChannels: 4,
  outChannels: 6,
  stride: 2,
  height: 5,
  width: 4,
  ...shape,
});

describe("what a block costs, by hand", () => {
  it("a skip: nothing", () => {
    expect(blockCost(block({ kind: "skip" }))).toEqual({ macs: 0, params: 0 });
  });

  it("a convolution: k^2 in out a pixel of the output, 3x2 of 5x4 at stride 2", () => {
    expect(blockCost(block({ kind: "conv", kernel: 3, activation: "relu" }))).toEqual({
      macs: 9 * 4 * 6 * 3 * 2,
      params: 9 * 4 * 6 + 2 * 6,
    });
  });

  const mbconv = { kind: "mbconv", kernel: 5, hidden: 12, squeeze: 0, activation: "relu", gate: "sigmoid" } as const;

  it("an mbconv: it expands at the input's size, and filters and projects at the output's", () => {
    expect(blockCost(block(mbconv))).toEqual({
      macs: 4 * 12 * 5 * 4 + (25 * 12 + 12 * 6) * 3 * 2,
      params: 4 * 12 + 24 + 25 * 12 + 24 + 12 * 6 + 12,
    });
  });

  it("squeeze-and-excitation: two convolutions with biases, once an image", () => {
    const without = blockCost(block(mbconv));
    const { macs, params } = blockCost(block({ ...mbconv, squeeze: 3 }));
    expect(macs - without.macs).toBe(2 * 12 * 3);
    expect(params - without.params).toBe(2 * 12 * 3 + 3 + 12);
  });

  it("no expansion where the hidden width is the input's", () => {
    expect(blockCost(block({ ...mbconv, hidden: 4 }))).toEqual({
      macs: (25 * 4 + 4 * 6) * 3 * 2,
      params: 25 * 4 + 8 + 4 * 6 + 12,
    });
  });
});

describe("what a network costs", () => {
  it("is what counting every multiplication of its layers one by one comes to", () => {
    fc.assert(
      fc.property(randomSpacesWithArchitecture, ({ space, architecture }) => {
        expect(architectureCost(costTable(space), architecture)).toEqual(countNetwork(space, architecture));
      }),
      { numRuns: 60 },
    );
  });

  it("holds the hidden layer of the head, and a head without convolution", () => {
    const space = builtinSpace("macro-bench", { channels: 3, height: 32, width: 32 }, 10);
    const fixed = (head: Partial<typeof space.head>) => costTable({ ...space, head: { ...space.head, ...head } }).fixed;
    const stem = { macs: 27 * 32 * 32 * 32, params: 27 * 32 + 64 };
    expect(fixed({ blocks: [] })).toEqual({ macs: stem.macs + 2560, params: stem.params + 2570 });
    expect(fixed({ blocks: [], hidden: 100 })).toEqual({
      macs: stem.macs + 256 * 100 + 1000,
      params: stem.params + 256 * 100 + 100 + 1010,
    });
  });

  it("is priced under its readable name", () => {
    const space = builtinSpace("macro-bench", { channels: 3, height: 32, width: 32 }, 10);
    const table = costTable(space);
    const architecture = [0, 1, 0, 0, 0, 2, 0, 0];
    expect(priced(space, table, architecture)).toEqual({
      architecture,
      encoded: "skip.k3e3/skip.skip.skip/k5e6.skip.skip",
      ...countNetwork(space, architecture),
    });
  });

  it("is refused where it could not be told exactly", () => {
    const { input, spec } = builtinSpaces["mobilenet-v2"];
    expect(() => costTable(builtinSpace(spec.name, { ...input, height: 2 ** 21, width: 2 ** 21 }, 1000))).toThrow(
      /2\^53/,
    );
  });
});

describe("the expected MACs", () => {
  it("are the mean over all networks, each weighted by its probability", () => {
    const space = builtinSpace("macro-bench", { channels: 3, height: 32, width: 32 }, 10);
    const table = costTable(space);
    const weights = fc.tuple(
      ...space.slots.map(({ candidates }) =>
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: candidates.length, maxLength: candidates.length }),
      ),
    );
    const all = [...everyArchitecture(table.slots.map((slot) => slot.map((_, index) => index)))].map(
      (architecture) => ({
        architecture,
        macs: architectureCost(table, architecture).macs,
      }),
    );
    expect(all).toHaveLength(6561);
    fc.assert(
      fc.property(weights, (rows) => {
        const probabilities = rows.map((row) => {
          const total = row.reduce((sum, weight) => sum + weight, 0);
          return row.map((weight) => (total === 0 ? 1 / row.length : weight / total));
        });
        let mean = 0;
        for (const { architecture, macs } of all) {
          mean += macs * architecture.reduce((product, o, slot) => product * probabilities[slot][o], 1);
        }
        expect(expectedCost(table, probabilities).macs / mean).toBeCloseTo(1, 9);
      }),
      { numRuns: 20 },
    );
  });
});
