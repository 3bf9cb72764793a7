import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, outSize } from "../domain/space.js";
import type { SpaceSpec } from "../domain/space-spec.js";
import { buildSpace, makeDivisible } from "./builder.js";
import { randomSpaces } from "./testing/random-space.js";

const spec: SpaceSpec = {
  name: "small",
  activation: "relu6",
  stem: [{ op: "c3", width: 8, stride: 2 }],
  stages: [
    { width: 8, slots: 2, stride: 1, candidates: ["k3e6", "k5e2.3se@hswish", "skip"] },
    { width: 12, slots: 2, stride: 2, candidates: ["k3e1", "skip"], activation: "silu" },
  ],
  head: { width: 20, hidden: 0, dropout: 0.1 },
  squeeze: { ratio: 0.25, of: "input", gate: "sigmoid" },
};
const input = { channels: 3, height: 33, width: 30 };
const build = (change: Partial<SpaceSpec> = {}, at = input, classes = 10) =>
  buildSpace({ ...spec, ...change }, at, classes);
const stage = (change: Partial<SpaceSpec["stages"][number]>) => ({ stages: [{ ...spec.stages[0], ...change }] });

describe("the builder", () => {
  it("resolves every shape", () => {
    const space = build();
    const [first] = space.slots;
    expect(first.candidates[1]).toEqual({
      name: "k5e2.3se@hswish",
      block: {
        // 2.3 x 8 = 18.4 channels; squeezed to a quarter of the 8 it is given
        op: { kind: "mbconv", kernel: 5, hidden: 18, squeeze: 2, activation: "hswish", gate: "sigmoid" },
        inChannels: 8,
        outChannels: 8,
        stride: 1,
        height: 17,
        width: 15,
      },
    });
    expect(space.slots.map(({ name, stage }) => [name, stage])).toEqual([
      ["1.1", 1],
      ["1.2", 1],
      ["2.1", 2],
      ["2.2", 2],
    ]);
    expect(space.head).toEqual({
      blocks: [
        {
          op: { kind: "conv", kernel: 1, activation: "relu6" },
          inChannels: 12,
          outChannels: 20,
          stride: 1,
          height: 9,
          width: 8,
        },
      ],
      hidden: 0,
      hiddenActivation: "relu6",
      dropout: 0.1,
    });
  });

  it("gives each block what the one before it leaves, whichever candidate that is", () => {
    fc.assert(
      fc.property(randomSpaces, (space) => {
        const places: Block[][] = [
          ...space.stem.map((block) => [block]),
          ...space.slots.map((slot) => slot.candidates.map(({ block }) => block)),
          ...space.head.blocks.map((block) => [block]),
        ];
        let { channels, height, width } = space.input;
        for (const blocks of places) {
          const outputs = blocks.map((block) => {
            expect([block.inChannels, block.height, block.width]).toEqual([channels, height, width]);
            if (block.op.kind === "skip") expect([block.stride, block.outChannels]).toEqual([1, block.inChannels]);
            return [block.outChannels, outSize(block.height, block.stride), outSize(block.width, block.stride)];
          });
          for (const output of outputs) expect(output).toEqual(outputs[0]);
          [channels, height, width] = outputs[0];
        }
      }),
    );
  });

  it("leaves skip out where it does not fit, or makes it a 1x1 convolution on request", () => {
    const names = (skipDownsamples: boolean) =>
      build({ stages: [{ ...spec.stages[1], skipDownsamples }] }).slots.map(({ candidates }) =>
        candidates.map(({ name, block }) => `${name}:${block.op.kind}${block.stride}`),
      );
    expect(names(false)).toEqual([["k3e1:mbconv2"], ["k3e1:mbconv1", "skip:skip1"]]);
    expect(names(true)).toEqual([
      ["k3e1:mbconv2", "skip:conv2"],
      ["k3e1:mbconv1", "skip:skip1"],
    ]);
  });

  it("squeezes to a share of the input, or of the hidden width to the nearest 8", () => {
    const squeeze = (of: "input" | "hidden", op: string) => {
      const { block } = build({ ...stage({ candidates: [op] }), squeeze: { ratio: 0.25, of, gate: "hsigmoid" } })
        .slots[0].candidates[0];
      return block.op.kind === "mbconv" && [block.op.hidden, block.op.squeeze, block.op.gate];
    };
    expect(squeeze("input", "k3e6se")).toEqual([48, 2, "hsigmoid"]);
    expect(squeeze("hidden", "k3e6se")).toEqual([48, 16, "hsigmoid"]); // 12 is as near to 8 as to 16
  });

  it("rounds to multiples as MobileNetV2 does, never below nine tenths", () => {
    // MobileNetV3's squeezed widths: 72, 120, 240, 480, 672, 960 over 4
    expect([18, 30, 60, 120, 168, 240].map((width) => makeDivisible(width, 8))).toEqual([24, 32, 64, 120, 168, 240]);
    expect(makeDivisible(3, 8)).toBe(8);
  });

  it.each<[string, Partial<SpaceSpec>, string]>([
    ["no stage", { stages: [] }, 'space "small" has no stage'],
    ["a stage without slots", stage({ slots: 0 }), "stage 1 has no slot"],
    ["half a channel", stage({ width: 8.5 }), "slot 1.1: the width must be positive and whole, not 8.5"],
    ["no stride", stage({ stride: 0 }), "slot 1.1: the stride must be positive and whole, not 0"],
    ["an unknown candidate", stage({ candidates: ["k3e6", "k3"] }), 'slot 1.1: "k3" is not a candidate'],
    ["a candidate twice", stage({ candidates: ["k3e6", "k3e6"] }), "slot 1.1: candidate k3e6 is named twice"],
    [
      "two names of one block",
      stage({ candidates: ["k3e6", "k3e6@relu6"] }),
      "slot 1.1: candidates k3e6 and k3e6@relu6 are the same block here",
    ],
    [
      "nothing but a skip that does not fit",
      stage({ width: 9, candidates: ["skip"] }),
      "slot 1.1: no candidate fits: skip needs stride 1 and equal widths",
    ],
    [
      "a skip in the stem that does not fit",
      { stem: [{ op: "skip", width: 8, stride: 2 }] },
      "stem block 1: skip needs stride 1 and equal widths; here the stride is 2, the widths are 3 and 8",
    ],
    [
      "an expansion to nothing",
      stage({ candidates: ["k3e0.05"] }),
      "slot 1.1: candidate k3e0.05 leaves no channel of 8",
    ],
    ["no squeeze ratio", { squeeze: { ...spec.squeeze, ratio: 0 } }, "squeeze.ratio must be positive, not 0"],
  ])("refuses %s, naming the place", (_, change, message) => {
    expect(() => build(change)).toThrow(expect.objectContaining({ code: "E_SPACE", message, exitCode: 2 }));
  });

  it("refuses to shrink what is one pixel already", () => {
    expect(() => build({}, { channels: 1, height: 2, width: 2 })).toThrow(
      expect.objectContaining({
        code: "E_SPACE",
        message: "slot 2.1: a stride of 2 has nothing left to shrink: the input here is 1x1",
        hint: expect.stringContaining("larger images"),
      }),
    );
  });

  it("refuses data without channels or classes", () => {
    expect(() => build({}, { ...input, channels: 0 })).toThrow(/the data's channels must be positive/);
    expect(() => build({}, input, 0)).toThrow(/the data's classes must be positive/);
  });
});
