import type { Augment } from "../../domain/data.js";
import type { Recipe } from "../../domain/plan.js";
import type { InputShape } from "../../domain/space.js";
import type { AugmentConfig } from "../../options/recipe.js";
import type { Path } from "../document.js";
import { problem, type Resolving } from "./context.js";

type RecipeConfig = Omit<Recipe, "augment"> & { readonly augment: AugmentConfig };

/** from this side on, images are cropped and resized (the ImageNet way); below, padded and cropped (the CIFAR way) */
const largeSide = 96;

export function resolveRecipe(at: Resolving, path: Path, recipe: RecipeConfig, input: InputShape): Recipe {
  const { batchSize, learningRate, optimizer, labelSmoothing } = recipe;
  if (optimizer.nesterov && optimizer.momentum === 0) {
    problem(
      at,
      [...path, "optimizer", "momentum"],
      "E_CONFIG_VALUE",
      `${[...path, "optimizer"].join(".")}: Nesterov's form needs a momentum`,
      "set nesterov to false, or momentum above 0",
    );
  }
  const augment = resolveAugment(at, [...path, "augment"], recipe.augment, input);
  return { batchSize, learningRate, optimizer, labelSmoothing, augment };
}

function resolveAugment(at: Resolving, path: Path, augment: AugmentConfig, input: InputShape): Augment | null {
  if (augment === "none") return null;
  const side = Math.min(input.height, input.width);
  const minArea = augment.minArea ?? (side >= largeSide && augment.pad === undefined ? 0.08 : 1);
  const pad = augment.pad ?? (minArea < 1 ? 0 : Math.round(side / 8));
  if (augment.cutout > side) {
    problem(
      at,
      [...path, "cutout"],
      "E_CONFIG_VALUE",
      `${path.join(".")}.cutout is ${augment.cutout}, the image's side ${side}`,
      "half the side is usual",
    );
  }
  if (pad >= side) {
    problem(
      at,
      [...path, "pad"],
      "E_CONFIG_VALUE",
      `${path.join(".")}.pad is ${pad}, the image's side ${side}`,
      "an eighth of the side is usual",
    );
  }
  return { pad, flip: augment.flip ?? true, cutout: augment.cutout, minArea };
}
