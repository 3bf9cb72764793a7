import { z } from "zod";
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

export type AugmentConfig = z.output<typeof augment>;

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
