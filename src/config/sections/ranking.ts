import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { parseRanking } from "../../curriculum/artefact.js";
import { difficultyScoreNames } from "../../curriculum/scores.js";
import type { CostTable } from "../../domain/cost.js";
import { DanasError } from "../../domain/errors.js";
import type { RankingPlan } from "../../domain/plan.js";
import type { Ranking } from "../../domain/ranking.js";
import type { Architecture, Space } from "../../domain/space.js";
import { type CompleteRecipe, fillRecipe, recipe, recipeOf } from "../../options/recipe.js";
import { epochs, path } from "../../options/scalars.js";
import { decode, encode } from "../../spaces/encoding.js";
import { type Filling, located, pathIn } from "../context.js";

const referenceNames = ["middle", "larger", "smaller"] as const;
type ReferenceName = (typeof referenceNames)[number];

const rankingKeys = z
  .strictObject({
    file: path
      .optional()
      .describe(
        "A ranking that `danas rank` or an earlier search wrote (ranking.json). Then nothing is trained for it, and the other keys here are not used.",
      ),
    references: z
      .array(z.string().min(1).max(10_000))
      .min(1)
      .max(8)
      .default(["middle", "larger"])
      .describe(
        "Networks to train for it: `middle`, `larger`, `smaller` (the candidates at the middle, at three and at one quarter of each slot's MACs), or architectures as `danas cost` writes them. Two show whether they agree.",
      ),
    epochs: epochs.default(20).describe("Epochs for each reference network."),
    score: z
      .enum(difficultyScoreNames)
      .default("auc")
      .describe(
        "What makes a class easy: auc = mean accuracy over epochs; row-variance = variance over epochs (the paper's); final-error = accuracy at the end.",
      ),
    ...recipe({ batchSize: 256, learningRate: 0.05 }),
  })
  .describe("Train reference networks and rank the classes by how they learn; or take a ranking from a file.");

export const rankingSchema = z
  .union([z.literal("none"), rankingKeys])
  .optional()
  .describe("How hard the classes are. Default: trained where the strategy asks for it, else none.");

type RankingConfig = z.output<typeof rankingSchema>;
type RankingKeys = z.output<typeof rankingKeys>;

type Given = { readonly file: string };
type Trained = Omit<RankingKeys, "file" | keyof CompleteRecipe> & CompleteRecipe;
/** a file's other keys are not used, and so not said */
export type CompleteRanking = "none" | Given | Trained;

export const isGiven = (ranking: CompleteRanking): ranking is Given => typeof ranking === "object" && "file" in ranking;
export const isTrained = (ranking: CompleteRanking): ranking is Trained =>
  typeof ranking === "object" && !("file" in ranking);

interface About {
  readonly space: Space;
  readonly costs: CostTable;
  /** whether anything will ask for it */
  readonly wanted: boolean;
}

/** A section filled; with it, what its file holds. */
interface FilledRanking {
  readonly ranking: CompleteRanking;
  readonly given: Ranking | null;
}

/** @returns null where a problem was found */
export function fillRanking(at: Filling, written: RankingConfig, about: About): FilledRanking | null {
  const { space, wanted } = about;
  if (written === "none" || (written === undefined && !wanted)) {
    if (wanted) {
      at.problem(
        ["ranking"],
        "E_RANKING_MISSING",
        "the classes' difficulty is needed, but ranking is none",
        "leave ranking out to have it trained, name a ranking.file, or give every round all classes (or search.order: random)",
      );
    }
    return { ranking: "none", given: null };
  }
  if (written?.file !== undefined) {
    const file = pathIn(at, ["ranking", "file"], written.file);
    const given = readRanking(at, file, space.classes);
    return given && { ranking: { file }, given };
  }
  const ranking = fillTrained(at, written, about);
  return ranking && { ranking, given: null };
}

function fillTrained(at: Filling, written: RankingKeys | undefined, { space, costs }: About): Trained | null {
  const { epochs, score, ...ranking } = written ?? rankingKeys.parse({});
  const references = ranking.references.map((text, index) =>
    isName(text)
      ? encode(space, referenceNetwork(space, costs, text))
      : located(at, ["ranking", "references", index], () => encode(space, decode(space, text))),
  );
  const isChoice = space.slots.some(({ candidates }) => candidates.length > 1);
  for (const [index, text] of references.entries()) {
    if (text !== null && written !== undefined && references.indexOf(text) < index && isChoice) {
      at.problem(
        ["ranking", "references", index],
        "E_REFERENCES",
        "two reference networks are the same",
        "name different ones, or only one",
      );
    }
  }
  const filled = fillRecipe(["ranking"], ranking, space.input, at);
  if (references.includes(null)) return null;
  // of a space where nothing is to be chosen, all names mean the same network: one is enough
  return { references: [...new Set(references as string[])], epochs, score, ...filled };
}

const maxFileBytes = 256 * 1024 * 1024;

/** @param full path. @returns null where a problem was found */
function readRanking(at: Filling, full: string, classes: number): Ranking | null {
  const path = ["ranking", "file"];
  const ranking = located(at, path, () => {
    let text: string;
    try {
      const stat = statSync(full);
      if (!stat.isFile() || stat.size > maxFileBytes)
        throw new Error(stat.isFile() ? "it is too large" : "it is no file");
      text = readFileSync(full, "utf8");
    } catch (error) {
      throw new DanasError("E_RANKING_READ", `cannot read ${full}: ${(error as Error).message}`, {
        hint: "`danas rank` writes a ranking; or leave ranking out to have it trained",
      });
    }
    return parseRanking(text);
  });
  if (!ranking) return null;
  if (ranking.classes.length !== classes) {
    at.problem(
      path,
      "E_RANKING_CLASSES",
      `the ranking has ${ranking.classes.length} classes, the data ${classes}`,
      "it is of other data: rank again",
    );
    return null;
  }
  return ranking;
}

export function planRanking(ranking: CompleteRanking, space: Space, given: Ranking | null): RankingPlan {
  if (given) return { source: "given", ranking: given };
  if (!isTrained(ranking)) return { source: "none" };
  const { epochs, score } = ranking;
  const references = ranking.references.map((text) => decode(space, text));
  return { source: "train", references, epochs, score, recipe: recipeOf(ranking) };
}

const quantiles: Readonly<Record<ReferenceName, (last: number) => number>> = {
  middle: (last) => Math.floor(last / 2),
  larger: (last) => Math.ceil(0.75 * last),
  smaller: (last) => Math.floor(0.25 * last),
};

const isName = (text: string): text is ReferenceName => Object.hasOwn(quantiles, text);

/** [O] a network of ordinary blocks: in each slot the candidate at a quantile of the MACs, skips left aside. */
function referenceNetwork(space: Space, costs: CostTable, name: ReferenceName): Architecture {
  return space.slots.map(({ candidates }, slot) => {
    const all = candidates.map((_, index) => index);
    const blocks = all.filter((index) => candidates[index].block.op.kind !== "skip");
    const byMacs = (blocks.length > 0 ? blocks : all).sort(
      // ties by index: the same network on every machine
      (a, b) => costs.slots[slot][a].macs - costs.slots[slot][b].macs || a - b,
    );
    return byMacs[quantiles[name](byMacs.length - 1)];
  });
}
