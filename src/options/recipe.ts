import { z } from "zod";
import type { Augment } from "../domain/data.js";
import type { Recipe } from "../domain/plan.js";
import type { InputShape } from "../domain/space.js";
import type { Problems } from "./around.js";
import { fraction, nonNegative, positive } from "./scalars.js";

const learningRateShape = z.strictObject({
  shape: z
    .enum(["cosine", "linear", "constant", "cosine-restarts"])
    .default("cosine")
    .describe("How it goes from `from` to `to`."),
  from: positive.max(1000).describe("Learning rate at the start."),
  to: nonNegative.max(1000).default(0).describe("Learning rate at the end."),
  warmupEpochs: nonNegative.max(100_000).default(0).describe("Rises linearly from zero over so many epochs first."),
  cycles: z.int().min(1).max(10_000).default(1).describe("Cycles of cosine-restarts."),
});

/** `0.05` is a cosine from there to zero */
export const learningRate = z
  .union([positive.max(1000), learningRateShape])
  .transform((value) =>
    typeof value === "number" ? ({ shape: "cosine", from: value, to: 0, warmupEpochs: 0, cycles: 1 } as const) : value,
  );

const optimizer = z.strictObject({
  momentum: fraction.lt(1).default(0.9).describe("SGD's momentum."),
  nesterov: z.boolean().default(true).describe("Nesterov's form of momentum."),
  weightDecay: nonNegative.max(10).default(4e-5).describe("L2 penalty on the weights."),
  decayNorm: z.boolean().default(false).describe("Also on scales and biases of batch norm."),
  clipValue: positive.nullable().default(null).describe("Clip each gradient element to [-v, v]; null = off."),
});

const augment = z.union([
  z.literal("none"),
  z.strictObject({
    pad: z
      .int()
      .min(0)
      .max(1024)
      .optional()
      .describe("Random crop after so many pixels of padding. Default: an eighth of the side; 0 with minArea."),
    flip: z.boolean().optional().describe("Mirror every other image. Default: true."),
    cutout: z.int().min(0).max(16_384).default(0).describe("Side of a square that is blanked, pixels; 0 = off."),
    minArea: z
      .number()
      .min(0.01)
      .max(1)
      .optional()
      .describe(
        "Random resized crop: the smallest share of the area; 1 = off. Default: 0.08 for inputs of 96 pixels or more, else off.",
      ),
  }),
]);

/** how a network is trained; the three programs share it, each with its defaults */
export const recipe = (defaults: { batchSize: number; learningRate: number }) => ({
  batchSize: z.int().min(1).max(1_000_000).default(defaults.batchSize).describe("Images a step."),
  learningRate: learningRate
    .prefault(defaults.learningRate)
    .describe("A number: a cosine from it to zero. Or its shape in full."),
  optimizer: optimizer.prefault({}).describe("SGD on the weights."),
  labelSmoothing: z.number().min(0).max(0.99).default(0.1).describe("Share of the label given to all classes alike."),
  augment: augment.prefault({}).describe("Random changes to training images, or `none`."),
});

/** what is filled in follows from what was written */
export interface WrittenRecipe extends Omit<Recipe, "augment"> {
  readonly augment: z.output<typeof augment>;
}

export interface CompleteRecipe extends Omit<Recipe, "augment"> {
  readonly augment: Augment | "none";
}

export const recipeOf = ({ batchSize, learningRate, optimizer, labelSmoothing, augment }: CompleteRecipe): Recipe => ({
  batchSize,
  learningRate,
  optimizer,
  labelSmoothing,
  augment: augment === "none" ? null : augment,
});

/** @param path of the section that the recipe is in */
export function fillRecipe(
  path: readonly (string | number)[],
  recipe: WrittenRecipe,
  input: InputShape,
  problems: Problems,
): CompleteRecipe {
  const { batchSize, learningRate, optimizer, labelSmoothing } = recipe;
  if (optimizer.nesterov && optimizer.momentum === 0) {
    problems.problem(
      [...path, "optimizer", "momentum"],
      "E_CONFIG_VALUE",
      `${[...path, "optimizer"].join(".")}: Nesterov's form needs a momentum`,
      "set nesterov to false, or momentum above 0",
    );
  }
  const augment = fillAugment([...path, "augment"], recipe.augment, input, problems);
  return { batchSize, learningRate, optimizer, labelSmoothing, augment };
}

/** from this side on, images are cropped and resized (the ImageNet way); below, padded and cropped (the CIFAR way) */
const largeSide = 96;

function fillAugment(
  path: readonly (string | number)[],
  augment: WrittenRecipe["augment"],
  input: InputShape,
  { problem }: Problems,
): CompleteRecipe["augment"] {
  if (augment === "none") return "none";
  const side = Math.min(input.height, input.width);
  const minArea = augment.minArea ?? (side >= largeSide && augment.pad === undefined ? 0.08 : 1);
  const pad = augment.pad ?? (minArea < 1 ? 0 : Math.round(side / 8));
  if (augment.cutout > side) {
    problem(
      [...path, "cutout"],
      "E_CONFIG_VALUE",
      `${path.join(".")}.cutout is ${augment.cutout}, the image's side ${side}`,
      "half the side is usual",
    );
  }
  if (pad >= side) {
    problem(
      [...path, "pad"],
      "E_CONFIG_VALUE",
      `${path.join(".")}.pad is ${pad}, the image's side ${side}`,
      "an eighth of the side is usual",
    );
  }
  return { pad, flip: augment.flip ?? true, cutout: augment.cutout, minArea };
}
