import type { Plan, StrategyPlan } from "../../src/domain/plan.js";
import type { MockSettings } from "../../src/domain/settings.js";
import { shortPlans } from "../../src/strategies/testing/plans.js";
import { tinyPlan } from "../../src/strategies/testing/world.js";

/** A run of all programs, small enough to read its journal: the strategies' tiny world, a few steps an epoch. */
export function wholePlan(changes: Partial<Plan> & { readonly strategy?: StrategyPlan } = {}): Plan {
  const { strategy = shortPlans["da-nas"], ...rest } = changes;
  const { search, space, retrain, ...plan } = tinyPlan(strategy);
  const recipe = { ...search.recipe, batchSize: 16 };
  const references = [space.slots.map(() => 1), space.slots.map(() => 2)];
  return {
    ...{ ...plan, space },
    programs: ["rank", "search", "retrain"],
    ranking: { source: "train", references, epochs: 3, score: "auc", recipe },
    search: { ...search, recipe },
    retrain: { ...retrain, epochs: 2, recipe, test: true, export: true },
    ...rest,
  };
}

export const mockSettings: MockSettings = {
  seed: 3,
  noise: 0.01,
  fastEpochs: 1,
  slowEpochs: 3,
  imagesPerClass: 40,
  stepMs: 0,
};
