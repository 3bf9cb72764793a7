import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DanasError } from "../domain/errors.js";
import type { SpaceSpec } from "../domain/space-spec.js";
import { buildSpace } from "./builder.js";
import { builtinSpace, builtinSpaces } from "./builtins.js";
import { decode, encode } from "./encoding.js";
import { spaceHash } from "./hash.js";
import { singlePathSpace } from "./singleton.js";
import { countArchitectures } from "./size.js";

const input = { channels: 3, height: 32, width: 32 };
const space = (name: string) => builtinSpace(name, builtinSpaces[name].input, 1000);

const spec = (candidates: readonly string[], changes: Partial<SpaceSpec> = {}): SpaceSpec => ({
  name: "s",
  activation: "relu",
  stem: [{ op: "c3", width: 8, stride: 2 }],
  stages: [{ width: 16, slots: 2, stride: 2, candidates }],
  head: { width: 0, hidden: 0, dropout: 0 },
  squeeze: { ratio: 0.25, of: "input", gate: "sigmoid" },
  ...changes,
});

describe("a space", () => {
  it("danas-mobile has 21 slots of 18 candidates, and skip where stride is 1 and widths agree", () => {
    // METHODS 1.3: repeats 4,4,4,4,4,1; the first slot of a stage changes the width
    const sizes = space("danas-mobile").slots.map((slot) => slot.candidates.length);
    expect(sizes).toEqual([18, 19, 19, 19, 18, 19, 19, 19, 18, 19, 19, 19, 18, 19, 19, 19, 18, 19, 19, 19, 18]);
    expect(countArchitectures(space("danas-mobile"))).toBe(18n ** 6n * 19n ** 15n);
  });

  it("macro-bench has 3^8 networks, and a skip that downsamples is a 1x1 convolution of stride 2", () => {
    const macro = space("macro-bench");
    expect(countArchitectures(macro)).toBe(6561n);
    const [skip] = macro.slots[0].candidates;
    expect(skip.name).toBe("skip");
    expect(skip.block).toMatchObject({
      op: { kind: "conv", kernel: 1, activation: "none" },
      stride: 2,
      outChannels: 64,
    });
    expect(macro.slots[1].candidates[0].block.op.kind).toBe("skip");
  });

  it("lets channels and pixels flow: what a block gives is what the next is given", () => {
    for (const name of Object.keys(builtinSpaces)) {
      const { stem, slots, head } = space(name);
      const chain = [...stem, ...slots.map((slot) => slot.candidates[0].block), ...head.blocks];
      for (const [index, block] of chain.entries()) {
        if (index === 0) continue;
        const before = chain[index - 1];
        expect(block.inChannels).toBe(before.outChannels);
        expect(block.height).toBe(Math.ceil(before.height / before.stride));
      }
    }
  });

  it("squeezes to a quarter of the block's input, or of its hidden width in steps of 8", () => {
    const squeeze = (of: "input" | "hidden") => {
      const built = buildSpace(spec(["k3e6se"], { squeeze: { ratio: 0.25, of, gate: "sigmoid" } }), input, 10);
      const { op } = built.slots[0].candidates[0].block;
      return op.kind === "mbconv" ? op.squeeze : null;
    };
    expect(squeeze("input")).toBe(2); // 8 / 4
    expect(squeeze("hidden")).toBe(16); // 48 / 4 = 12, nearest multiple of 8 not under 90 %
  });

  it("has a hash of its content: a class more is another space", () => {
    expect(spaceHash(space("quickstart"))).toBe(spaceHash(space("quickstart")));
    expect(spaceHash(buildSpace(spec(["k3e3"]), input, 10))).not.toBe(spaceHash(buildSpace(spec(["k3e3"]), input, 11)));
  });

  it.each([
    [["k4e3"], /slot 1.1.*k4e3.*odd/],
    [["k3"], /slot 1.1.*"k3" is not a candidate/],
    [["skip@relu"], /not a candidate/],
    [["k3e3", "k3e3"], /named twice/],
    [["skip"], /no candidate fits/],
  ])("refuses the candidates %j with a way on", (candidates, message) => {
    const build = () => buildSpace(spec(candidates), input, 10);
    expect(build).toThrow(DanasError);
    expect(build).toThrow(message);
  });

  it("that does not exist is answered with the nearest name", () => {
    try {
      builtinSpace("danas-mobil", input, 10);
      expect.unreachable();
    } catch (error) {
      expect((error as DanasError).hint).toContain('"danas-mobile"');
    }
  });
});

describe("an architecture's encoding", () => {
  it.each(Object.keys(builtinSpaces))("comes back as it was, in %s", (name) => {
    const built = space(name);
    const choices = fc.tuple(...built.slots.map((slot) => fc.nat(slot.candidates.length - 1)));
    fc.assert(
      fc.property(choices, (architecture) => {
        expect(decode(built, encode(built, architecture))).toEqual(architecture);
      }),
      { numRuns: 100 },
    );
  });

  it("reads well: a dot between slots, a slash between stages", () => {
    const built = buildSpace(spec(["k3e3", "k5e6se", "skip"]), input, 10);
    expect(encode(built, [1, 2])).toBe("k5e6se.skip");
  });

  it.each([
    ["k5e6se", /stage 1 needs 2 slots, 1 are given/],
    ["k5e6se/skip", /1 stages are needed, 2 are given/],
    ["skip.skip", /slot 1.1/],
  ])("that does not fit is refused: %s", (text, message) => {
    const built = buildSpace(spec(["k3e3", "k5e6se", "skip"]), input, 10);
    expect(() => decode(built, text)).toThrow(message);
  });

  it("of one path in a space of its own is that path", () => {
    const built = space("quickstart");
    const path = built.slots.map((slot) => slot.candidates.length - 1);
    const alone = singlePathSpace(built, path);
    expect(
      encode(
        alone,
        path.map(() => 0),
      ),
    ).toBe(encode(built, path));
  });
});
