import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Space } from "../domain/space.js";
import { builtinSpace } from "./builtins.js";
import { spaceHash } from "./hash.js";
import { singlePathSpace } from "./singleton.js";
import { countArchitectures } from "./size.js";

const macro = builtinSpace("macro-bench", { channels: 3, height: 32, width: 32 }, 10);

/** the same space with the keys of every object the other way round */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
};

describe("the hash of a space", () => {
  it("is the sha256 of its JSON with sorted keys", () => {
    const tiny: Space = {
      name: "t",
      input: { channels: 1, height: 2, width: 3 },
      classes: 4,
      stem: [],
      slots: [],
      head: { blocks: [], hidden: 0, hiddenActivation: "relu", dropout: 0.5 },
    };
    const json =
      '{"classes":4,"head":{"blocks":[],"dropout":0.5,"hidden":0,"hiddenActivation":"relu"},"input":{"channels":1,"height":2,"width":3},"name":"t","slots":[],"stem":[]}';
    expect(spaceHash(tiny)).toBe(createHash("sha256").update(json).digest("hex"));
  });

  it("does not depend on the order of keys, but on everything else", () => {
    expect(spaceHash(reversed(macro) as Space)).toBe(spaceHash(macro));
    expect(spaceHash({ ...macro, classes: 11 })).not.toBe(spaceHash(macro));
    expect(spaceHash({ ...macro, slots: [...macro.slots].reverse() })).not.toBe(spaceHash(macro));
  });
});

describe("a single path", () => {
  it("is a space of its own, of one network, with the same blocks under the same names", () => {
    const single = singlePathSpace(macro, [0, 1, 2, 0, 1, 2, 0, 1]);
    expect(countArchitectures(single)).toBe(1n);
    expect(single.slots.map(({ candidates }) => candidates)).toEqual(
      [0, 1, 2, 0, 1, 2, 0, 1].map((choice, slot) => [macro.slots[slot].candidates[choice]]),
    );
    expect({ ...single, slots: [] }).toEqual({ ...macro, slots: [] });
  });
});

describe("how many architectures there are", () => {
  it("is the product of what is alive", () => {
    expect(countArchitectures(macro, [[0], [1, 2], [0, 1, 2], [0], [0], [0], [0], [0, 2]])).toBe(12n);
  });
});
