import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtinSpace } from "./builtins.js";
import { decode, encode } from "./encoding.js";
import { randomSpacesWithArchitecture } from "./testing/random-space.js";

const macro = builtinSpace("macro-bench", { channels: 3, height: 32, width: 32 }, 10);

describe("an architecture in writing", () => {
  it("has a dot between slots and a stroke between stages", () => {
    expect(encode(macro, [0, 1, 2, 0, 1, 2, 0, 1])).toBe("skip.k3e3/k5e6.skip.k3e3/k5e6.skip.k3e3");
  });

  it("is read as it was written, in any space", () => {
    fc.assert(
      fc.property(randomSpacesWithArchitecture, ({ space, architecture }) => {
        expect(decode(space, encode(space, architecture))).toEqual(architecture);
      }),
    );
  });

  it("may stand between blanks", () => {
    expect(decode(macro, " skip.skip/skip.skip.skip/skip.skip.skip\n")).toEqual(Array(8).fill(0));
  });

  it.each([
    ["", "3 stages are needed, 1 are given"],
    ["skip.skip/skip.skip.skip", "3 stages are needed, 2 are given"],
    ["skip/skip.skip.skip/skip.skip.skip", "stage 1 needs 2 slots, 1 are given"],
    ["skip.skip/skip.skip.skip/skip.skip.skip.skip", "stage 3 needs 3 slots, 4 are given"],
    ["skip.skip/skip.k5e3.skip/skip.skip.skip", 'slot 2.2 has no candidate "k5e3"'],
    ["skip.skip/skip.toString.skip/skip.skip.skip", 'slot 2.2 has no candidate "toString"'],
    ["skip.skip/skip..skip/skip.skip.skip", 'slot 2.2 has no candidate ""'],
  ])("%s is refused: %s", (text, message) => {
    expect(() => decode(macro, text)).toThrow(
      expect.objectContaining({ code: "E_ARCHITECTURE", message, hint: expect.any(String) }),
    );
  });

  it("that is nearly right is answered with what was probably meant", () => {
    expect(() => decode(macro, "skip.skpi/skip.skip.skip/skip.skip.skip")).toThrow(
      expect.objectContaining({ hint: "did you mean skip? it has skip, k3e3, k5e6" }),
    );
  });
});
