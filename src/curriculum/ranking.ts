import type { DataInfo } from "../domain/data.js";
import { DanasError } from "../domain/errors.js";
import type { ClassDifficulty, DifficultyScore, Ranking } from "../domain/ranking.js";
import { quotedNames } from "../util/format.js";
import { mean } from "../util/numeric.js";
import { difficultyScoreNames, difficultyScores, easiness } from "./scores.js";
import { spearman } from "./spearman.js";

/**
 * Ranks the classes from easy to hard under `score`; equally hard ones keep the data's order.
 *
 * @param curves [reference][class of data.classes][epoch]: validation accuracy, fraction
 * @param references the reference networks, encoded
 */
export function rankClasses(
  data: DataInfo,
  curves: readonly (readonly (readonly number[])[])[],
  score: DifficultyScore,
  references: readonly string[],
): Ranking {
  const perReference = curves.map((classes) => classes.map(difficultyScores));
  const classes = data.classes.map((name, index): ClassDifficulty => {
    const over = (of: DifficultyScore) => mean(perReference.map((scores) => scores[index][of]));
    return {
      name,
      curves: curves.map((ofReference) => ofReference[index]),
      scores: { auc: over("auc"), "row-variance": over("row-variance"), "final-error": over("final-error") },
    };
  });
  const ease = (of: DifficultyScore) => classes.map(({ scores }) => easiness(of, scores[of]));
  const easeUnder = (reference: number) => perReference[reference].map((scores) => easiness(score, scores[score]));
  return {
    version: 1,
    fingerprint: data.fingerprint,
    score,
    references,
    // the sort is stable: ties stay in the data's order
    classes: [...classes].sort((a, b) => easiness(score, b.scores[score]) - easiness(score, a.scores[score])),
    scoreAgreement: pairs(difficultyScoreNames).map(([a, b]) => ({ a, b, rho: spearman(ease(a), ease(b)) })),
    referenceAgreement: pairs(references.map((_, index) => index)).map(([a, b]) => ({
      a,
      b,
      rho: spearman(easeUnder(a), easeUnder(b)),
    })),
  };
}

const pairs = <T>(items: readonly T[]): [T, T][] =>
  items.flatMap((a, index) => items.slice(index + 1).map((b): [T, T] => [a, b]));

/**
 * May this ranking be used with this data?
 * @throws DanasError E_RANKING_CLASSES where the classes are others, E_RANKING_DATA where their images are
 */
export function matchRanking(ranking: Ranking, data: DataInfo): void {
  const ranked = new Set(ranking.classes.map(({ name }) => name));
  const present = new Set(data.classes);
  const missing = data.classes.filter((name) => !ranked.has(name));
  const unknown = [...ranked].filter((name) => !present.has(name));
  if (missing.length + unknown.length > 0) {
    const said = [
      ...(missing.length > 0 ? [`does not rank ${quotedNames(missing)}`] : []),
      ...(unknown.length > 0 ? [`ranks ${quotedNames(unknown)}, which the data does not have`] : []),
    ];
    throw new DanasError("E_RANKING_CLASSES", `the class ranking ${said.join(" and ")}`, {
      hint: "rank the classes of this data again: `danas rank`",
    });
  }
  if (ranking.fingerprint !== data.fingerprint) {
    throw new DanasError(
      "E_RANKING_DATA",
      "the class ranking was made on other images, or with another split of them",
      {
        hint: "rank the classes of this data again, or use the data's split and seed that the ranking was made with",
      },
    );
  }
}
