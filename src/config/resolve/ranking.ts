import { readFileSync, statSync } from "node:fs";
import { parseRanking } from "../../curriculum/artefact.js";
import type { CostTable } from "../../domain/cost.js";
import { DanasError } from "../../domain/errors.js";
import type { ProgramName, RankingPlan } from "../../domain/plan.js";
import type { Architecture, Space } from "../../domain/space.js";
import { decode, encode } from "../../spaces/encoding.js";
import type { ReferenceName } from "../schema/ranking.js";
import { located, pathIn, problem, type Resolving } from "./context.js";
import { resolveRecipe } from "./recipe.js";

const maxFileBytes = 256 * 1024 * 1024;

/**
 * @param needed whether the method asks how hard the classes are
 * @param programs what the person asked for; null = not said. @returns null where a problem was found
 */
export function resolveRanking(
  at: Resolving,
  space: Space,
  costs: CostTable,
  needed: boolean,
  programs: readonly ProgramName[] | null,
): RankingPlan | null {
  const { config } = at;
  const searches = programs === null ? config.retrain.architecture === undefined : programs.includes("search");
  const wanted = (searches && needed) || (programs?.includes("rank") ?? false);
  if (config.ranking === "none" || (config.ranking === undefined && !wanted)) {
    if (wanted) {
      problem(
        at,
        ["ranking"],
        "E_RANKING_MISSING",
        "the classes' difficulty is needed, but ranking is none",
        "leave ranking out to have it trained, name a ranking.file, or give every round all classes (or search.order: random)",
      );
    }
    return { source: "none" };
  }
  if (config.ranking?.file !== undefined) return readRanking(at, space, config.ranking.file);
  const ranking = config.ranking ?? at.defaults.ranking;
  const references = ranking.references.map((text, index) =>
    isName(text)
      ? referenceNetwork(space, costs, text)
      : located(at, ["ranking", "references", index], () => decode(space, text)),
  );
  const encoded = references.map((reference) => reference && encode(space, reference));
  for (const [index, text] of encoded.entries()) {
    if (
      text !== null &&
      config.ranking !== undefined &&
      encoded.indexOf(text) < index &&
      space.slots.some(({ candidates }) => candidates.length > 1)
    ) {
      problem(
        at,
        ["ranking", "references", index],
        "E_REFERENCES",
        "two reference networks are the same",
        "name different ones, or only one",
      );
    }
  }
  const recipe = resolveRecipe(at, ["ranking"], ranking, space.input);
  if (references.includes(null)) return null;
  // of a space where nothing is to be chosen, all names mean the same network: one is enough
  const distinct = references.filter((_, index) => encoded.indexOf(encoded[index]) === index) as Architecture[];
  return { source: "train", references: distinct, epochs: ranking.epochs, score: ranking.score, recipe };
}

function readRanking(at: Resolving, space: Space, file: string): RankingPlan | null {
  const path = ["ranking", "file"];
  const full = pathIn(at, path, file);
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
  if (ranking.classes.length !== space.classes) {
    problem(
      at,
      path,
      "E_RANKING_CLASSES",
      `the ranking has ${ranking.classes.length} classes, the data ${space.classes}`,
      "it is of other data: rank again",
    );
    return null;
  }
  return { source: "given", ranking };
}

const quantiles: Readonly<Record<ReferenceName, (last: number) => number>> = {
  middle: (last) => Math.floor(last / 2),
  larger: (last) => Math.ceil(0.75 * last),
  smaller: (last) => Math.floor(0.25 * last),
};

const isName = (text: string): text is ReferenceName => Object.hasOwn(quantiles, text);

/** [O] a network of ordinary blocks: in each slot the candidate at a quantile of the MACs, skips left aside. */
export function referenceNetwork(space: Space, costs: CostTable, name: ReferenceName): Architecture {
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
