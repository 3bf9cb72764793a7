import { z } from "zod";
import { recipe } from "../../options/recipe.js";
import { epochs, path } from "../../options/scalars.js";

export const referenceNames = ["middle", "larger", "smaller"] as const;
export type ReferenceName = (typeof referenceNames)[number];

export const trainedRanking = z
  .strictObject({
    file: path
      .optional()
      .describe(
        "A ranking that `danas rank` or an earlier search wrote (ranking.json). Then nothing is trained for it, and the other keys here are not used.",
      ),
    references: z
      .array(z.string().min(1).max(10_000))
      .min(1)
      .max(8)
      .default(["middle", "larger"])
      .describe(
        "Networks to train for it: `middle`, `larger`, `smaller` (the candidates at the middle, at three and at one quarter of each slot's MACs), or architectures as `danas cost` writes them. Two show whether they agree.",
      ),
    epochs: epochs.default(20).describe("Epochs for each reference network."),
    score: z
      .enum(["auc", "row-variance", "final-error"])
      .default("auc")
      .describe(
        "What makes a class easy: auc = mean accuracy over epochs; row-variance = variance over epochs (the paper's); final-error = accuracy at the end.",
      ),
    ...recipe({ batchSize: 256, learningRate: 0.05 }),
  })
  .describe("Train reference networks and rank the classes by how they learn; or take a ranking from a file.");

export const ranking = z
  .union([z.literal("none"), trainedRanking])
  .optional()
  .describe("How hard the classes are. Default: trained where the strategy asks for it, else none.");
