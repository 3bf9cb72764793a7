import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCandidate, printCandidate } from "./grammar.js";
import { candidateSpecs } from "./testing/random-space.js";

describe("a candidate's name", () => {
  it.each([
    ["k5e6", { kind: "mbconv", kernel: 5, expansion: 6, squeeze: false, activation: null }],
    ["k5e6se", { kind: "mbconv", kernel: 5, expansion: 6, squeeze: true, activation: null }],
    ["k3e2.3se@hswish", { kind: "mbconv", kernel: 3, expansion: 2.3, squeeze: true, activation: "hswish" }],
    ["k9e1@relu6", { kind: "mbconv", kernel: 9, expansion: 1, squeeze: false, activation: "relu6" }],
    ["c3", { kind: "conv", kernel: 3, activation: null }],
    ["c1@none", { kind: "conv", kernel: 1, activation: "none" }],
    ["skip", { kind: "skip" }],
  ])("%s is read", (text, spec) => {
    expect(parseCandidate(text)).toEqual(spec);
  });

  it("is read as it was printed", () => {
    fc.assert(
      fc.property(candidateSpecs, (spec) => {
        expect(parseCandidate(printCandidate(spec))).toEqual(spec);
      }),
    );
  });

  it.each([
    ["", "is not a candidate"],
    ["k3", "is not a candidate"],
    ["e6k3", "is not a candidate"],
    ["k3e6@gelu", "is not a candidate"],
    ["skip@relu", "is not a candidate"],
    ["k3e6 se", "is not a candidate"],
    ["c-3", "is not a candidate"],
    ["k4e6", "a kernel must be odd and at most 31"],
    ["c0", "a kernel must be odd and at most 31"],
    ["k33e1", "a kernel must be odd and at most 31"],
    ["k3e0", "an expansion is 0.01 to 64"],
    ["k3e65", "an expansion is 0.01 to 64"],
    ["k3e1.00001", "at most four decimals"],
  ])("%s is refused: %s", (text, message) => {
    expect(() => parseCandidate(text)).toThrow(
      expect.objectContaining({ code: "E_SPACE", message: expect.stringContaining(message), hint: expect.any(String) }),
    );
  });

  it.each([
    ["K3E6", "k3e6"],
    [" skip", "skip"],
    ["k3e6.0", "k3e6"],
    ["k03e6", "k3e6"],
    ["k3e2.50se", "k3e2.5se"],
  ])("%s is refused with how it is written, %s: a block has one name", (text, written) => {
    expect(() => parseCandidate(text)).toThrow(
      expect.objectContaining({
        code: "E_SPACE",
        message: `"${text}" is written ${written}`,
        hint: `write ${written}`,
      }),
    );
  });
});
