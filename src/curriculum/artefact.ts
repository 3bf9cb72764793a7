import { z } from "zod";
import { DanasError } from "../domain/errors.js";
import type { Ranking } from "../domain/ranking.js";
import { difficultyScoreNames } from "./scores.js";

/** A ranking as a file: JSON, versioned, usable by later searches on the same data. */

const fraction = z.number().min(0).max(1);
const rho = z.number().min(-1.000001).max(1.000001);
const scoreName = z.enum(difficultyScoreNames);

const schema = z
  .strictObject({
    version: z.literal(1),
    fingerprint: z.string().min(1),
    score: scoreName,
    references: z.array(z.string().min(1)),
    classes: z
      .array(
        z.strictObject({
          name: z.string(),
          curves: z.array(z.array(fraction).min(1)),
          scores: z.strictObject({ auc: fraction, "row-variance": fraction, "final-error": fraction }),
        }),
      )
      .min(1),
    scoreAgreement: z.array(z.strictObject({ a: scoreName, b: scoreName, rho })),
    referenceAgreement: z.array(
      z.strictObject({ a: z.number().int().nonnegative(), b: z.number().int().nonnegative(), rho }),
    ),
  })
  .superRefine(({ classes, references }, check) => {
    const seen = new Set<string>();
    for (const [index, { name, curves }] of classes.entries()) {
      if (seen.has(name)) check.addIssue({ code: "custom", path: ["classes", index, "name"], message: "ranked twice" });
      seen.add(name);
      if (curves.length === references.length) continue;
      check.addIssue({ code: "custom", path: ["classes", index, "curves"], message: "not one curve per reference" });
    }
  });

/**
 * @throws DanasError E_RANKING_FORMAT where the text is no ranking, E_RANKING_VERSION where it is one of a version that
 * this danas does not know
 */
export function parseRanking(text: string): Ranking {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DanasError("E_RANKING_FORMAT", `the ranking is no JSON: ${(error as Error).message}`, {
      hint: "give the ranking file that `danas rank` wrote",
      cause: error,
    });
  }
  const version = typeof value === "object" && value !== null ? (value as { version?: unknown }).version : undefined;
  if (typeof version === "number" && version !== 1) {
    throw new DanasError("E_RANKING_VERSION", `the ranking is of version ${version}, this danas reads version 1`, {
      hint: "use the danas that wrote it, or rank the classes again",
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw new DanasError("E_RANKING_FORMAT", `this is no class ranking (${at}${issue.message})`, {
    hint: "give the ranking file that `danas rank` wrote",
  });
}

/** the artefact; `parseRanking` reads it back */
export const printRanking = (ranking: Ranking): string => `${JSON.stringify(ranking, null, 2)}\n`;
