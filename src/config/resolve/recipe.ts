import type { Recipe } from "../../domain/plan.js";
import type { InputShape } from "../../domain/space.js";
import { fillRecipe, recipeOf, type WrittenRecipe } from "../../options/recipe.js";
import type { Path } from "../document.js";
import { problem, type Resolving } from "./context.js";

export const resolveRecipe = (at: Resolving, path: Path, recipe: WrittenRecipe, input: InputShape): Recipe =>
  recipeOf(fillRecipe(path, recipe, input, { problem: (...told) => problem(at, ...told) }));
