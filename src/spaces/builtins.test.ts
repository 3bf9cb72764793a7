import { describe, expect, it } from "vitest";
import { builtinSpace, builtinSpaces } from "./builtins.js";
import { decode, encode } from "./encoding.js";
import { countArchitectures } from "./size.js";

const build = (name: string) => builtinSpace(name, builtinSpaces[name].input, 1000);
const names = (name: string, slot: string) =>
  build(name)
    .slots.find((one) => one.name === slot)
    ?.candidates.map((candidate) => candidate.name);

describe("the built-in spaces", () => {
  it.each(Object.keys(builtinSpaces))("%s builds on its own input, under its own name", (name) => {
    expect(build(name).name).toBe(name);
    expect(builtinSpaces[name].about).toMatch(/\S/);
  });

  it.each(Object.keys(builtinSpaces))(
    "%s writes its first and its last network so that they are read again",
    (name) => {
      const { slots } = build(name);
      const ends = [slots.map(() => 0), slots.map(({ candidates }) => candidates.length - 1)];
      for (const architecture of ends)
        expect(decode(build(name), encode(build(name), architecture))).toEqual(architecture);
    },
  );

  it.each(["danas-mobile", "proxyless-mobile"])("%s is the MobileNetV2 chain of 21 slots", (name) => {
    const { slots, stem, head } = build(name);
    const chain = slots.map(({ candidates: [{ block }] }) => [block.outChannels, block.stride, block.height]);
    const stage = (width: number, repeats: number, stride: number, size: number) =>
      Array.from({ length: repeats }, (_, i) => [width, i === 0 ? stride : 1, i === 0 ? size : size / stride]);
    expect(chain).toEqual([
      ...stage(24, 4, 2, 112),
      ...stage(40, 4, 2, 56),
      ...stage(80, 4, 2, 28),
      ...stage(96, 4, 1, 14),
      ...stage(192, 4, 2, 14),
      ...stage(320, 1, 1, 7),
    ]);
    expect(stem.map(({ op, outChannels, stride }) => [op.kind, outChannels, stride])).toEqual([
      ["conv", 32, 2],
      ["mbconv", 16, 1],
    ]);
    expect(head.blocks[0]).toMatchObject({ inChannels: 320, outChannels: 1280, height: 7 });
  });

  it("danas-mobile has 18 candidates, and skip where the shape stays", () => {
    const all = ["", "se"].flatMap((se) => [3, 5, 7].flatMap((k) => [1, 3, 6].map((e) => `k${k}e${e}${se}`)));
    expect(names("danas-mobile", "3.1")).toEqual(all);
    expect(names("danas-mobile", "3.2")).toEqual([...all, "skip"]);
    // the first slots of the six stages have no skip
    expect(countArchitectures(build("danas-mobile"))).toBe(18n ** 6n * 19n ** 15n);
  });

  it("proxyless-mobile has 6 candidates and skip", () => {
    expect(names("proxyless-mobile", "1.2")).toEqual(["k3e3", "k3e6", "k5e3", "k5e6", "k7e3", "k7e6", "skip"]);
    expect(countArchitectures(build("proxyless-mobile"))).toBe(6n ** 6n * 7n ** 15n);
  });

  it("macro-bench has 3^8 networks; where a slot halves the resolution its skip is a 1x1 convolution", () => {
    const { slots } = build("macro-bench");
    expect(countArchitectures(build("macro-bench"))).toBe(6561n);
    expect(
      slots.map(({ candidates: [skip] }) => [skip.name, skip.block.op.kind, skip.block.height, skip.block.outChannels]),
    ).toEqual([
      ["skip", "conv", 32, 64],
      ["skip", "skip", 16, 64],
      ["skip", "conv", 16, 128],
      ["skip", "skip", 8, 128],
      ["skip", "skip", 8, 128],
      ["skip", "conv", 8, 256],
      ["skip", "skip", 4, 256],
      ["skip", "skip", 4, 256],
    ]);
    expect(slots[0].candidates[0].block.op).toEqual({ kind: "conv", kernel: 1, activation: "none" });
  });

  it.each([28, 32, 64])("mobilenet-slim takes images of %i pixels", (size) => {
    const space = builtinSpace("mobilenet-slim", { channels: 3, height: size, width: size }, 10);
    expect(space.head.blocks[0].height).toBe(size / 8 > 3.5 ? size / 8 : 4);
  });

  it("answer a wrong name with the nearest, or with all", () => {
    expect(() => builtinSpace("danas-mobil", builtinSpaces.quickstart.input, 10)).toThrow(
      expect.objectContaining({ code: "E_SPACE_UNKNOWN", hint: 'did you mean "danas-mobile"?' }),
    );
    for (const name of ["xyz", "toString", "__proto__"]) {
      expect(() => builtinSpace(name, builtinSpaces.quickstart.input, 10)).toThrow(
        expect.objectContaining({ code: "E_SPACE_UNKNOWN", hint: expect.stringContaining("danas-mobile, ") }),
      );
    }
  });
});
