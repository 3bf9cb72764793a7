import { resolve as absolute, basename, join } from "node:path";
import type { Plan } from "../domain/plan.js";
import type { Settings } from "../domain/settings.js";
import type { Document } from "./document.js";
import { type Resolving, type Surroundings, stopIfAny } from "./resolve/context.js";
import { resolveData } from "./resolve/data.js";
import { resolveRanking } from "./resolve/ranking.js";
import { checkCompute, resolvePrograms, resolveRetrain, resolveWorker } from "./resolve/running.js";
import { aroundSearch, fillSearch, needsRanking, planSearch } from "./resolve/search.js";
import { resolveBudget, resolveSpace } from "./resolve/space.js";
import { trainedRanking } from "./schema/ranking.js";
import type { Config } from "./schema.js";
import { printResolved } from "./written.js";

/**
 * What the config means: every default computed, every cross-check made that needs no worker. Nothing is trained that could
 * have been refused here.
 * @throws DanasErrors with all that is wrong, located
 */
export function resolve(config: Config, document: Document, file: string, around: Surroundings): Settings {
  const at: Resolving = {
    config,
    document,
    file,
    problems: [],
    defaults: { ranking: trainedRanking.parse({}) },
    ...around,
  };
  checkCompute(at);
  const worker = resolveWorker(at);
  const data = resolveData(at);
  if (!data) {
    stopIfAny(at);
    throw new Error("the data was not resolved, and nobody said why");
  }
  const space = resolveSpace(at, data);
  // without a space nothing below can be looked at; with other problems it can: a person sees them all at once
  if (!space) {
    stopIfAny(at);
    throw new Error("the space was not resolved, and nobody said why");
  }
  const { budget, costs } = resolveBudget(at, space);
  // whether there is to be a ranking depends on the search; its problems are told after the ranking's all the same
  const searching: Resolving = { ...at, problems: [] };
  const beside = aroundSearch(searching, budget, space);
  const search = fillSearch(searching, beside);
  const needed = needsRanking(search, data.classes);
  const ranking = resolveRanking(at, space, costs, needed, config.programs ?? null);
  at.problems.push(...searching.problems);
  const retrain = resolveRetrain(at, space, data);
  const programs = ranking ? resolvePrograms(at, ranking, needed) : [];
  stopIfAny(at);
  if (!ranking) throw new Error("the ranking was not resolved, and nobody said why");
  const plan: Plan = {
    version: 1,
    name: config.name ?? nameOf(file),
    seed: config.seed,
    data,
    space,
    budget,
    programs,
    ranking: ranking.source === "train" && !programs.includes("rank") ? { source: "none" } : ranking,
    search: planSearch(search, beside),
    retrain,
    compute: config.compute,
    pipeline: config.pipeline,
    divergence: config.divergence,
  };
  const runs = absolute(at.cwd, config.runs);
  const settings = { plan, worker, runFolder: join(runs, plan.name), checkpoints: config.checkpoints };
  return { ...settings, resolvedYaml: printResolved(settings, search, config, at) };
}

/** `my search.yaml` → `my-search` */
function nameOf(file: string): string {
  const name = basename(file)
    .replace(/\.ya?ml$/i, "")
    .replace(/[^\w.-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 100);
  return name === "" ? "run" : name;
}
