import { describe, expect, it } from "vitest";
import { architectureCost, costTable } from "../cost/table.js";
import { builtinSpace } from "../spaces/builtins.js";
import { drawNetwork } from "./network.js";

describe("the drawn network", () => {
  it.each([
    ["danas-mobile", { channels: 3, height: 224, width: 224 }, 1000],
    ["macro-bench", { channels: 3, height: 32, width: 32 }, 10],
    ["quickstart", { channels: 1, height: 28, width: 28 }, 10],
  ] as const)("of %s costs, block by block, what the network costs", (name, input, classes) => {
    const space = builtinSpace(name, input, classes);
    for (const pick of [0, 1, 2]) {
      const architecture = space.slots.map((slot) => pick % slot.candidates.length);
      const drawn = drawNetwork(space, architecture);
      const blocks = drawn.groups.flatMap((group) => group.blocks);
      const cost = architectureCost(costTable(space), architecture);
      expect(blocks.reduce((sum, block) => sum + block.macs, 0)).toBe(cost.macs);
      expect(blocks.reduce((sum, block) => sum + block.params, 0)).toBe(cost.params);
      expect(blocks.reduce((sum, block) => sum + block.share, 0)).toBeCloseTo(1, 12);
      expect(blocks.filter((block) => block.slot !== null)).toHaveLength(space.slots.length);
    }
  });

  it("of MobileNetV2 has its published multiply-adds, and each block starts as wide as the one before ended", () => {
    const space = builtinSpace("mobilenet-v2", { channels: 3, height: 224, width: 224 }, 1000);
    const drawn = drawNetwork(
      space,
      space.slots.map(() => 0),
    );
    expect(drawn.macs).toBe(300_774_272);
    let width = drawn.input.channels;
    for (const block of drawn.groups.flatMap((group) => group.blocks)) {
      expect(block.inChannels).toBe(width);
      width = block.outChannels;
    }
    expect(width).toBe(1000);
  });
});
