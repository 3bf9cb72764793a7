import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amount, parseMacs } from "./units.js";

describe("MACs as people write them", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1k"],
    [1001, "1.00k"],
    [4_000_000, "4M"],
    [4_250_000, "4.25M"],
    [9_996_000, "10.0M"],
    [40_000_000, "40M"],
    [61_234_567, "61.2M"],
    [300_774_272, "301M"],
    [999_600, "1.00M"],
    [999_400, "999k"],
    [1_200_000_000, "1.20G"],
    [2 ** 53 - 1, "9.01P"],
  ])("%i is shown as %s", (macs, text) => {
    expect(amount(macs)).toBe(text);
  });

  it.each([
    ["300M", 300_000_000],
    ["1.2G", 1_200_000_000],
    ["4.5 m", 4_500_000],
    ["61.2M", 61_200_000],
    ["0.3g", 300_000_000],
    ["4000000", 4_000_000],
    ["1T", 1_000_000_000_000],
  ])("%s is read as %i", (text, macs) => {
    expect(parseMacs(text)).toBe(macs);
  });

  it.each(["", "M", "-3M", "0M", "3e8", "1.5", "300", "300 MACs", "1,000M", "NaN", "9999999T"])(
    "%s is not read: a number of so few, or none",
    (text) => {
      expect(parseMacs(text)).toBeNull();
    },
  );

  it("are read again as shown, to the digits shown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 9e14 }), (macs) => {
        const again = parseMacs(amount(macs)) as number;
        expect(Math.abs(again - macs) / macs).toBeLessThan(0.0051);
      }),
    );
  });
});
