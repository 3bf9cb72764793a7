import { existsSync } from "node:fs";
import { z } from "zod";
import type { RetrainPlan } from "../../domain/plan.js";
import type { Space } from "../../domain/space.js";
import { fillRecipe, recipe, recipeOf } from "../../options/recipe.js";
import { epochs } from "../../options/scalars.js";
import { decode, encode } from "../../spaces/encoding.js";
import { type Filling, located } from "../context.js";
import type { CompleteData } from "./data.js";

export const retrainSchema = z
  .strictObject({
    architecture: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .describe("The network to train, as `danas cost` writes it. Default: what the search found."),
    epochs: epochs.default(150).describe("Epochs from scratch."),
    split: z.enum(["full", "train"]).default("full").describe("full: train and validation images together."),
    test: z.boolean().default(true).describe("Measure the test set, once, at the end."),
    export: z.boolean().default(true).describe("Write the network for use without danas."),
    ...recipe({ batchSize: 256, learningRate: 0.05 }),
  })
  .prefault({})
  .describe("Training the found network from scratch.");

export function fillRetrain(
  at: Filling,
  retrain: z.output<typeof retrainSchema>,
  { space, data }: { readonly space: Space; readonly data: CompleteData },
) {
  const { architecture, ...rest } = retrain;
  const network =
    architecture === undefined
      ? null
      : located(at, ["retrain", "architecture"], () => encode(space, decode(space, architecture)));
  if (retrain.test && hasNoTest(data)) {
    at.problem(
      ["data", "testFraction"],
      "E_DATA_TEST",
      "data.testFraction is 0, but the test set is to be measured",
      "raise it, or set retrain.test to false",
    );
  }
  const filled = fillRecipe(["retrain"], retrain, space.input, at);
  return { ...(network !== null && { architecture: network }), ...rest, ...filled };
}

export type CompleteRetrain = ReturnType<typeof fillRetrain>;

function hasNoTest(data: CompleteData): boolean {
  if (data.source !== "synthetic" && data.source !== "folder") return false;
  if (data.testFraction > 0) return false;
  return data.source === "synthetic" || (existsSync(data.root) && !existsSync(`${data.root}/test`));
}

export const planRetrain = (complete: CompleteRetrain, space: Space): RetrainPlan => ({
  architecture: complete.architecture === undefined ? null : decode(space, complete.architecture),
  epochs: complete.epochs,
  recipe: recipeOf(complete),
  split: complete.split,
  test: complete.test,
  export: complete.export,
});
