import { join } from "node:path";
import type { Settings } from "../domain/settings.js";
import { recipeOf } from "../options/recipe.js";
import { methodNamed } from "../strategies/registry.js";
import type { Complete, Known } from "./fill.js";
import { planBudget } from "./sections/budget.js";
import { planData } from "./sections/data.js";
import { planRanking } from "./sections/ranking.js";
import { planRetrain } from "./sections/retrain.js";
import { planWorker } from "./sections/worker.js";

/** From the config's words to the run's. Nothing is decided here: the complete config says all. */
export function plan(complete: Complete, { space, given }: Known): Omit<Settings, "resolvedYaml"> {
  const { name, seed, programs, search, compute, pipeline, divergence, checkpoints } = complete;
  const data = planData(complete.data);
  const budget = planBudget(complete.budget);
  return {
    plan: {
      version: 1,
      name,
      seed,
      data,
      space,
      budget,
      programs,
      ranking: planRanking(complete.ranking, space, given),
      search: {
        recipe: recipeOf(search),
        strategy: methodNamed(search.strategy).plan(search),
        evaluation: search.evaluation,
      },
      retrain: planRetrain(complete.retrain, space),
      compute,
      pipeline,
      divergence,
    },
    worker: planWorker(complete.worker),
    runFolder: join(complete.runs, name),
    checkpoints,
  };
}
