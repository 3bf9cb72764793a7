import type { Budget } from "../../domain/cost.js";
import type { SearchPlan } from "../../domain/plan.js";
import type { Space } from "../../domain/space.js";
import type { Around } from "../../options/around.js";
import { recipeOf } from "../../options/recipe.js";
import { methodNamed } from "../../strategies/registry.js";
import { problem, type Resolving } from "./context.js";

/** what the search section may know of the rest */
export const aroundSearch = (at: Resolving, budget: Budget, space: Space): Around => ({
  classes: space.classes,
  budget,
  space,
  problem: (...told) => problem(at, ...told),
});

/** the search section, every value said */
export type CompleteSearch = ReturnType<typeof fillSearch>;

export const fillSearch = ({ config: { search } }: Resolving, around: Around) =>
  methodNamed(search.strategy).fill(search, around);

export const needsRanking = (complete: CompleteSearch, classes: number): boolean =>
  methodNamed(complete.strategy).needsRanking(complete, classes);

export const planSearch = (complete: CompleteSearch, around: Around): SearchPlan => ({
  recipe: recipeOf(complete),
  strategy: methodNamed(complete.strategy).plan(complete, around),
  evaluation: complete.evaluation,
});
