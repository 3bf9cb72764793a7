import { describe, expect, it } from "vitest";
import type { DataInfo } from "../domain/data.js";
import { DanasError } from "../domain/errors.js";
import type { DifficultyScore } from "../domain/ranking.js";
import { rng } from "../util/rng.js";
import { parseRanking, printRanking } from "./artefact.js";
import { matchRanking, rankClasses } from "./ranking.js";
import { difficultyScores } from "./scores.js";
import { averageRanks, spearman } from "./spearman.js";
import { firstClasses, imagesIn, orderOf } from "./subsets.js";

const data: DataInfo = {
  classes: ["easy", "never", "slow"],
  input: { channels: 1, height: 8, width: 8 },
  splits: [{ split: "train", counts: [10, 20, 40], hash: "h" }],
  fingerprint: "abc",
};
const easy = [0.8, 1, 0.9];
const never = [0.1, 0.1, 0.1];
const slow = [0.1, 0.3, 0.8];
const curves = [[easy, never, slow]];

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof DanasError) return error.code;
    throw error;
  }
  return "none";
};

describe("the difficulty scores", () => {
  it("are mean, variance over epochs, and last error", () => {
    const scores = difficultyScores(slow);
    expect(scores.auc).toBeCloseTo(0.4, 12);
    // by hand: (.09 + .01 + .16) / 3
    expect(scores["row-variance"]).toBeCloseTo(0.26 / 3, 12);
    expect(scores["final-error"]).toBeCloseTo(0.2, 12);
  });
});

describe("Spearman's correlation", () => {
  it("shares the mean of their ranks among equals", () => {
    expect(averageRanks([10, 20, 10, 5])).toEqual([2.5, 4, 2.5, 1]);
  });
  it("is 1 - 6 sum d^2 / n (n^2 - 1) where there are no ties", () => {
    // ranks 1 2 3 4 5 against 2 1 4 3 5: d^2 = 1 1 1 1 0, so 1 - 24 / 120
    expect(spearman([1, 2, 3, 4, 5], [20, 10, 40, 30, 50])).toBeCloseTo(0.8, 12);
    expect(spearman([1, 2, 3], [9, 5, 1])).toBeCloseTo(-1, 12);
  });
  it("is Pearson's of the average ranks where there are", () => {
    // ranks 1.5 1.5 3 4 against 1 2 3 4: sums of products 4.5, squares 4.5 and 5
    expect(spearman([1, 1, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
  });
  it("is 0 where one side is all ties", () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0);
  });
});

describe("a ranking", () => {
  const names = (score: DifficultyScore) => rankClasses(data, curves, score, ["net"]).classes.map(({ name }) => name);
  it("goes from easy to hard under the score asked for", () => {
    expect(names("auc")).toEqual(["easy", "slow", "never"]);
    expect(names("final-error")).toEqual(["easy", "slow", "never"]);
    // the paper's score takes the curve that moves most for the easiest
    expect(names("row-variance")).toEqual(["slow", "easy", "never"]);
  });

  it("averages over reference networks and says how well scores and references agree", () => {
    const ranking = rankClasses(
      data,
      [
        [easy, never, slow],
        [slow, never, easy],
      ],
      "auc",
      ["a", "b"],
    );
    expect(ranking.classes[0].scores.auc).toBeCloseTo((0.9 + 0.4) / 2, 12);
    expect(ranking.classes[0].curves).toHaveLength(2);
    // equally easy on average: the data's order decides
    expect(ranking.classes.map(({ name }) => name)).toEqual(["easy", "slow", "never"]);
    // orders 1 3 2 and 2 3 1: d^2 = 1 0 1, so 1 - 12 / 24
    expect(ranking.referenceAgreement).toEqual([{ a: 0, b: 1, rho: expect.closeTo(0.5, 12) }]);
    expect(ranking.scoreAgreement.map(({ a, b }) => `${a} ${b}`)).toEqual([
      "auc row-variance",
      "auc final-error",
      "row-variance final-error",
    ]);
    const single = rankClasses(data, curves, "auc", ["a"]);
    expect(single.scoreAgreement.map(({ rho }) => Math.round(rho * 1e9) / 1e9)).toEqual([0.5, 1, 0.5]);
  });

  it("fits the data it was made on, and says why where it does not", () => {
    const ranking = rankClasses(data, curves, "auc", ["net"]);
    expect(codeOf(() => matchRanking(ranking, data))).toBe("none");
    expect(codeOf(() => matchRanking(ranking, { ...data, fingerprint: "xyz" }))).toBe("E_RANKING_DATA");
    const other = { ...data, classes: ["easy", "never", "dog"] };
    expect(codeOf(() => matchRanking(ranking, other))).toBe("E_RANKING_CLASSES");
    expect(() => matchRanking(ranking, other)).toThrow(/does not rank "dog" and ranks "slow"/);
  });
});

describe("a ranking's file", () => {
  const ranking = rankClasses(data, curves, "auc", ["net"]);
  it("reads back as it was written", () => {
    expect(parseRanking(printRanking(ranking))).toEqual(ranking);
  });
  it("is refused at the door where it is something else", () => {
    const changed = (changes: object) => JSON.stringify({ ...ranking, ...changes });
    expect(codeOf(() => parseRanking("{"))).toBe("E_RANKING_FORMAT");
    expect(codeOf(() => parseRanking("[]"))).toBe("E_RANKING_FORMAT");
    expect(codeOf(() => parseRanking(changed({ version: 2 })))).toBe("E_RANKING_VERSION");
    expect(codeOf(() => parseRanking(changed({ score: "luck" })))).toBe("E_RANKING_FORMAT");
    expect(codeOf(() => parseRanking(changed({ extra: 1 })))).toBe("E_RANKING_FORMAT");
    expect(codeOf(() => parseRanking(changed({ references: ["a", "b"] })))).toBe("E_RANKING_FORMAT");
    const twice = changed({ classes: [ranking.classes[0], ranking.classes[0]] });
    expect(() => parseRanking(twice)).toThrow(/classes\.1\.name: ranked twice/);
  });
});

describe("class subsets", () => {
  const ranking = rankClasses(data, curves, "auc", ["net"]);
  it("are nested along the order", () => {
    const order = orderOf(ranking, data, "easy-first", rng(1));
    expect([1, 2, 3].map((n) => firstClasses(order, n))).toEqual([
      ["easy"],
      ["easy", "slow"],
      ["easy", "slow", "never"],
    ]);
    expect(orderOf(ranking, data, "hard-first", rng(1))).toEqual(["never", "slow", "easy"]);
    expect(ranking.classes[0].name).toBe("easy");
  });
  it("need a ranking only where difficulty decides", () => {
    expect(codeOf(() => orderOf(null, data, "easy-first", rng(1)))).toBe("E_RANKING_MISSING");
    expect([...orderOf(null, data, "random", rng(1))].sort()).toEqual(["easy", "never", "slow"]);
  });
  it("know their images", () => {
    expect(imagesIn(data, "train")).toBe(70);
    expect(imagesIn(data, "train", ["slow", "easy"])).toBe(50);
    expect(imagesIn(data, "valid")).toBe(0);
  });
});
