import { checkReachable } from "../../cost/extremes.js";
import { costTable } from "../../cost/table.js";
import { budgetKey, budgetOf } from "../../cost/written.js";
import { type Budget, type CostTable, metricNames } from "../../domain/cost.js";
import type { DataSpec } from "../../domain/data.js";
import type { Space } from "../../domain/space.js";
import type { SpaceSpec } from "../../domain/space-spec.js";
import { buildSpace } from "../../spaces/builder.js";
import { builtinSpace } from "../../spaces/builtins.js";
import type { Path } from "../document.js";
import type { Config } from "../schema.js";
import { located, problem, type Resolving } from "./context.js";

/** more than any published space, few enough to be priced in a moment */
const maxSlots = 500;
const maxBlocks = 50_000;

/** @returns null where a problem was found */
export function resolveSpace(at: Resolving, data: DataSpec): Space | null {
  const { space } = at.config;
  if (typeof space === "string") return located(at, ["space"], () => builtinSpace(space, data.input, data.classes));
  const spec = specOf(space);
  const slots = spec.stages.reduce((sum, stage) => sum + stage.slots, 0);
  const blocks = spec.stages.reduce((sum, stage) => sum + stage.slots * stage.candidates.length, 0);
  if (slots > maxSlots || blocks > maxBlocks) {
    problem(
      at,
      ["space", "stages"],
      "E_SPACE",
      `${slots} slots with ${blocks} candidates are too many`,
      `at most ${maxSlots} slots with ${maxBlocks} candidates`,
    );
    return null;
  }
  return located(
    at,
    ({ message }) => blamed(message),
    () => buildSpace(spec, data.input, data.classes),
  );
}

/** the builder names the part: `stem block 2: …`, `slot 3.1: …` */
function blamed(message: string): Path {
  const stem = /^stem block (\d+)/.exec(message);
  if (stem) return ["space", "stem", Number(stem[1]) - 1, "op"];
  const slot = /^slot (\d+)\./.exec(message);
  if (slot) return ["space", "stages", Number(slot[1]) - 1, "candidates"];
  return ["space"];
}

type SpaceConfig = Exclude<Config["space"], string>;

/** the builder's spec has no undefined keys */
export const specOf = (space: SpaceConfig): SpaceSpec => JSON.parse(JSON.stringify(space)) as SpaceSpec;

export function resolveBudget(at: Resolving, space: Space): { budget: Budget; costs: CostTable } {
  const budget = budgetOf(at.config.budget);
  const costs = costTable(space);
  for (const metric of metricNames) {
    const { least, most } = budget[metric] ?? {};
    if (least === undefined || most === undefined || least <= most) continue;
    const [low, high] = [budgetKey(metric, "least"), budgetKey(metric, "most")];
    problem(at, ["budget", low], "E_BUDGET", `budget.${low} is above budget.${high}`, "exchange them");
    return { budget, costs };
  }
  const path = ({ hint }: { hint?: string | undefined }): Path => [
    "budget",
    /budget\.(\w+)/.exec(hint ?? "")?.[1] ?? "maxMacs",
  ];
  located(at, path, () => checkReachable(costs, budget));
  return { budget, costs };
}
