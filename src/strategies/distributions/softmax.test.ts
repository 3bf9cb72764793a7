import { describe, expect, it } from "vitest";
import { rng } from "../../util/rng.js";
import { uniform } from "./factorised.js";
import { drawPath } from "./rows.js";
import { logProbabilitiesOf, probabilitiesOf, softmax } from "./softmax.js";

const start = softmax.start([
  [0, 0, 0],
  [0, 0],
]);
const withAlphas = (alphas: number[][]) => ({ ...start, alphas });

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

  it("draws no candidate of probability zero", () => {
    for (let i = 0; i < 200; i++) expect(drawPath(rng(i), [[0, 0.5, 0, 0.5, 0]])[0] % 2).toBe(1);
  });
});

describe("the distribution over architectures", () => {
  const alive = [
    [0, 2],
    [0, 1],
  ];
  // slot by slot: 1/4, -, 3/4 and 2/3, 1/3
  const alphas = [
    [0, 9, Math.log(3)],
    [Math.log(2), 0],
  ];

  it("is the product of its slots, and adds up to 1", () => {
    const { logProbability } = softmax.of(withAlphas(alphas), alive);
    expect(Math.exp(logProbability([2, 1]))).toBeCloseTo((3 / 4) * (1 / 3), 12);
    const all = alive[0].flatMap((a) => alive[1].map((b) => Math.exp(logProbability([a, b]))));
    expect(all.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  });

  it("has the entropy of all its slots", () => {
    expect(uniform([[0, 2], [1]], start.alphas).entropy()).toBeCloseTo(Math.log(2), 12);
    expect(uniform(alive, start.alphas).entropy()).toBeCloseTo(2 * Math.log(2), 12);
  });

  it("has its mode among the alive, ties by index", () => {
    const mode = (of: number[][]) => softmax.of(withAlphas(of), alive).mode();
    expect(mode(alphas)).toEqual([2, 0]);
    expect(
      mode([
        [5, 9, 5],
        [0, 0],
      ]),
    ).toEqual([0, 0]);
  });

  it("keeps what is left in proportion after a cut", () => {
    const after = softmax.keepOnly(withAlphas(alphas), [[2], [0, 1]]);
    expect(softmax.of(after, [[2], [0, 1]]).marginals).toEqual([
      [0, 0, 1],
      [expect.closeTo(2 / 3, 12), expect.closeTo(1 / 3, 12)],
    ]);
  });
});
