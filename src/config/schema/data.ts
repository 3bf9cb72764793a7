import { z } from "zod";
import { count, fraction, inputShape, nonNegative, path, seed } from "../../options/scalars.js";

/** what every source has */
const common = {
  splitSeed: seed
    .default(0)
    .describe("Which images are held out. Apart from `seed`, so that searches with other seeds see the same split."),
  validFraction: fraction
    .gt(0)
    .max(0.9)
    .default(0.1)
    .describe(
      "Share of the training images held out for validation, of each class, where the source has no such split.",
    ),
  onDevice: z
    .enum(["auto", "always", "never"])
    .default("auto")
    .describe("Keep the images in the device's memory. auto: where they fit."),
};

const testFraction = fraction
  .max(0.9)
  .default(0.1)
  .describe("Share of the images held out for the test, of each class, where the source has no test split.");

const input = inputShape.describe("Channels, height and width of what the network is given; images are resized to it.");
const classes = z.int().min(2).max(1_000_000);

export const fashionMnist = z
  .strictObject({
    source: z.literal("fashion-mnist"),
    root: path
      .optional()
      .describe(
        "Folder with the four files. Default: the user's cache, else the Debian package dataset-fashion-mnist.",
      ),
    ...common,
  })
  .describe("Fashion-MNIST: 70,000 grey images of 28x28, 10 classes of clothing.");

export const folder = z
  .strictObject({
    source: z.literal("folder"),
    root: path.describe(
      "Folder of class folders of images; `train` and `test` (and `valid`) below it where the data comes split.",
    ),
    input,
    classes: classes.optional().describe("How many class folders there are. Default: counted."),
    testFraction,
    ...common,
  })
  .describe("Your own images, one folder a class.");

export const synthetic = z
  .strictObject({
    source: z.literal("synthetic"),
    input,
    classes: classes.describe("How many classes to make."),
    perClass: count.max(100_000).default(100).describe("Images of each class."),
    noise: nonNegative.max(100).default(0.5).describe("Noise over the class's template; later classes are harder."),
    testFraction,
    ...common,
  })
  .describe("Images made from the seed: for tests and for trying things out.");

const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export const python = z
  .strictObject({
    source: z.literal("python"),
    factory: z
      .string()
      .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$/, "must be module:function, such as my_data:make")
      .describe("`module:function` that is called with `options` and returns {split: map-style Dataset}."),
    options: z.record(z.string(), json).default({}).describe("Keyword arguments of the factory."),
    input,
    classes: classes.describe("How many classes the data sets have."),
    testFraction,
    ...common,
  })
  .describe("Your own PyTorch data sets, made by a function of yours.");

export const data = z
  .discriminatedUnion("source", [fashionMnist, folder, synthetic, python])
  .describe("The images to search on.");
