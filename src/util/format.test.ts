import { describe, expect, it } from "vitest";
import {
  amount,
  bigWords,
  bytesWords,
  countWords,
  duration,
  finePercent,
  listed,
  moment,
  percent,
  share,
  tick,
} from "./format.js";

describe("numbers as people read them", () => {
  it.each([
    [0, "0"],
    [980, "980"],
    [999.6, "1.00k"],
    [3_120_000, "3.12M"],
    [40_000_000, "40M"],
    [61_234_567, "61.2M"],
    [300_774_272, "301M"],
    [999_600_000, "1.00G"],
    [1_234_000_000, "1.23G"],
  ])("an amount of %d is %s", (value, words) => expect(amount(value)).toBe(words));

  it.each([
    [0, "0 ms"],
    [850, "850 ms"],
    [4_250, "4.3 s"],
    [42_000, "42 s"],
    [372_000, "6 min 12 s"],
    [3_780_000, "1 h 03 min"],
    [187_200_000, "2 d 4 h"],
  ])("%d ms are %s", (ms, words) => expect(duration(ms)).toBe(words));

  it("groups exact counts by thousands and writes what is beyond fifteen digits as a power of ten", () => {
    expect(countWords(1234567)).toBe("1,234,567");
    expect(countWords(19n ** 3n)).toBe("6,859");
    expect(bigWords("6561")).toBe("6,561");
    expect(bigWords(String(19n ** 21n))).toBe("7.1 × 10²⁶");
    expect(bigWords("9999999999999999")).toBe("1.0 × 10¹⁶");
  });

  it("does not round a share that is there down to nothing", () => {
    expect(share(0.002)).toBe("< 1 %");
    expect(share(0)).toBe("0 %");
    expect(finePercent(0.000398)).toBe("0.040 %");
    expect(percent(0.91234, 2)).toBe("91.23 %");
  });

  it("drops the zeros of an axis and no others", () => {
    expect(["4.00M", "300M", "0.500", "20.0", "0"].map(tick)).toEqual(["4M", "300M", "0.5", "20", "0"]);
  });

  it("lists, dates and weighs", () => {
    expect(listed(["a", "b", "c"])).toBe("a, b and c");
    expect(listed(["a", "b", "c"], 2)).toBe("a, b and 1 more");
    expect(moment(Date.UTC(2026, 2, 14, 9, 26, 53))).toBe("2026-03-14 09:26 UTC");
    expect(bytesWords(3_400_000)).toBe("3.40 MB");
  });
});
