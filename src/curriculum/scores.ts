import type { DifficultyScore } from "../domain/ranking.js";
import { mean } from "../util/numeric.js";

export const difficultyScoreNames: readonly DifficultyScore[] = ["auc", "row-variance", "final-error"];

/**
 * A class's scores from its validation accuracy a(1..n), a fraction per epoch of a reference network (METHODS 1.1).
 *
 *   auc           mean of a [O]
 *   row-variance  mean of (a - mean a)^2 [S, the paper's]. Of curves A (1 - e^(-t/tau)) it is not monotone in difficulty:
 *                 a class never learnt has a flat row too [O]
 *   final-error   1 - a(n) [O]
 *
 * @throws where the curve is empty
 */
export function difficultyScores(curve: readonly number[]): Record<DifficultyScore, number> {
  const auc = mean(curve);
  return {
    auc,
    "row-variance": mean(curve.map((accuracy) => (accuracy - auc) ** 2)),
    "final-error": 1 - curve[curve.length - 1],
  };
}

/** high = easy, whatever the score's own direction */
export const easiness = (score: DifficultyScore, value: number): number => (score === "final-error" ? -value : value);
