import type { DataInfo, Split } from "../domain/data.js";
import { DanasError } from "../domain/errors.js";
import type { Ranking } from "../domain/ranking.js";
import { sum } from "../util/numeric.js";
import type { Rng } from "../util/rng.js";

export type ClassOrder = "easy-first" | "hard-first" | "random";

/**
 * The order in which classes enter the data. `easy-first` is the method; the others are its controls (METHODS 1).
 *
 * @param rng drawn from only for "random"
 * @throws DanasError E_RANKING_MISSING where an order by difficulty is wanted and there is no ranking
 */
export function orderOf(ranking: Ranking | null, data: DataInfo, order: ClassOrder, rng: Rng): string[] {
  if (order === "random") return rng.shuffle(data.classes);
  if (ranking === null) {
    throw new DanasError("E_RANKING_MISSING", `order "${order}" needs a ranking of the classes`, {
      hint: "let the run rank the classes first, give it a ranking, or use all classes in every round",
    });
  }
  const names = ranking.classes.map(({ name }) => name);
  return order === "easy-first" ? names : names.reverse();
}

/** the first n of an order: subsets are nested, so a class once in the data stays in it */
export const firstClasses = (order: readonly string[], n: number): string[] => order.slice(0, n);

/** images of a split, of all classes or of those named; 0 where the data has no such split */
export function imagesIn(data: DataInfo, split: Split, classes?: readonly string[]): number {
  const counts = data.splits.find((info) => info.split === split)?.counts;
  if (!counts) return 0;
  if (!classes) return sum(counts);
  const wanted = new Set(classes);
  return sum(counts.filter((_, index) => wanted.has(data.classes[index])));
}
