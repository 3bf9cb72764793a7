import { describe, expect, it } from "vitest";
import { rng } from "../../util/rng.js";
import { drawPath, logProbabilitiesOf, meanEntropy, probabilitiesOf, uniformOver } from "./rows.js";

describe("the distribution of a slot", () => {
  const alphas = [[0, 50, Math.log(3), 7]];
  it("is softmax over the alive alone", () => {
    const [row] = probabilitiesOf(alphas, [[0, 2]]);
    expect(row[0]).toBeCloseTo(0.25, 12);
    expect(row[1]).toBe(0);
    expect(row[2]).toBeCloseTo(0.75, 12);
    expect(row[3]).toBe(0);
  });

  it("has finite logarithms for all that is alive, however unlikely", () => {
    const [row] = logProbabilitiesOf([[0, 2000, 1]], [[0, 1]]);
    expect(row[0]).toBe(-2000);
    expect(row[2]).toBe(Number.NEGATIVE_INFINITY);
  });

  it("has the mean entropy of its slots", () => {
    expect(
      meanEntropy([
        [0.5, 0.5, 0],
        [1, 0, 0],
      ]),
    ).toBeCloseTo(Math.log(2) / 2, 12);
    expect(
      meanEntropy(
        uniformOver(
          [[0, 2], [1]],
          [
            [0, 0, 0],
            [0, 0],
          ],
        ),
      ),
    ).toBeCloseTo(Math.log(2) / 2, 12);
  });

  it("draws no candidate of probability zero", () => {
    for (let i = 0; i < 200; i++) expect(drawPath(rng(i), [[0, 0.5, 0, 0.5, 0]])[0] % 2).toBe(1);
  });
});
