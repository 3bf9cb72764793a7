import { resolve as absolute, basename } from "node:path";
import { costTable } from "../cost/table.js";
import type { ProgramName } from "../domain/plan.js";
import type { Ranking } from "../domain/ranking.js";
import type { Space } from "../domain/space.js";
import { methodNamed } from "../strategies/registry.js";
import { type Filling, filling, orStop, stopIfAny } from "./context.js";
import type { Config, ConfigInput } from "./schema.js";
import { checkBudget, fillBudget, planBudget } from "./sections/budget.js";
import { fillData, planData } from "./sections/data.js";
import { fillPrograms } from "./sections/programs.js";
import { fillRanking, isTrained } from "./sections/ranking.js";
import { fillRetrain } from "./sections/retrain.js";
import { checkCompute } from "./sections/running.js";
import { planSpace } from "./sections/space.js";
import { fillWorker } from "./sections/worker.js";

/** What was built and read on the way: of the same config it is the same. */
export interface Known {
  readonly space: Space;
  /** what ranking.file holds */
  readonly given: Ranking | null;
}

/**
 * The complete config: every default written out, and all that depends on other keys, in the config's own words. Read
 * again and filled again it is the same. Every cross-check is made that needs no worker: nothing is trained that could have
 * been refused here.
 * @throws DanasErrors with all that is wrong, located
 */
export function fill(config: Config, at: Filling) {
  checkCompute(at, config.compute);
  const worker = fillWorker(at, config.worker, config.data);
  const data = orStop(at, fillData(at, config.data, config.worker.kind));
  // without a space nothing below can be looked at; with other problems it can: a person sees them all at once
  const space = orStop(at, planSpace(at, config.space, planData(data)));
  const costs = costTable(space);
  const budget = fillBudget(config.budget);
  const limits = planBudget(budget);
  checkBudget(at, limits, costs);
  // whether a ranking is wanted depends on the search; the search's problems are told after the ranking's all the same
  const atSearch = filling(at.document, at.file, at);
  const method = methodNamed(config.search.strategy);
  const search = method.fill(config.search, { ...atSearch, classes: space.classes, budget: limits, space });
  const needed = method.needsRanking(search, space.classes);
  const isAsked = (program: ProgramName, otherwise: boolean) => config.programs?.includes(program) ?? otherwise;
  const given = config.retrain.architecture !== undefined;
  const wanted = (isAsked("search", !given) && needed) || isAsked("rank", false);
  const rankingFound = fillRanking(at, config.ranking, { space, costs, wanted });
  at.problems.push(...atSearch.problems);
  const retrain = fillRetrain(at, config.retrain, { space, data });
  const ranked = orStop(at, rankingFound);
  const programs = fillPrograms(at, config.programs, { ranking: ranked.ranking, needed, given });
  stopIfAny(at);
  // what no program trains is none
  const ranking = isTrained(ranked.ranking) && !programs.includes("rank") ? ("none" as const) : ranked.ranking;
  const complete = {
    name: config.name ?? nameOf(at.file),
    seed: config.seed,
    data,
    space: config.space,
    budget,
    programs,
    ranking,
    search: { ...search },
    retrain,
    compute: config.compute,
    pipeline: config.pipeline,
    divergence: config.divergence,
    checkpoints: config.checkpoints,
    worker,
    runs: absolute(at.cwd, config.runs),
  } satisfies ConfigInput;
  return { complete, known: { space, given: ranked.given } satisfies Known };
}

export type Complete = ReturnType<typeof fill>["complete"];

/** `my search.yaml` → `my-search` */
function nameOf(file: string): string {
  const name = basename(file)
    .replace(/\.ya?ml$/i, "")
    .replace(/[^\w.-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 100);
  return name === "" ? "run" : name;
}
