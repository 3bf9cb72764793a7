import { z } from "zod";
import type { Around } from "./around.js";
import { type CompleteRecipe, fillRecipe, recipe, type WrittenRecipe } from "./recipe.js";
import { count } from "./scalars.js";

/** What every method has besides its own options: how the supernet is trained, and how networks are measured in it. */

const evaluation = z
  .strictObject({
    batchSize: count.max(1_000_000).default(500).describe("Images a batch."),
    recalibrateBatches: z
      .int()
      .min(0)
      .max(100_000)
      .default(20)
      .describe("Train batches on which a sub-network's batch-norm statistics are estimated first."),
  })
  .prefault({})
  .describe("How networks are measured on validation images.");

export const searching = { ...recipe({ batchSize: 256, learningRate: 0.025 }), evaluation };

export interface WrittenSearching extends WrittenRecipe {
  readonly evaluation: z.output<typeof evaluation>;
}

export interface CompleteSearching extends CompleteRecipe {
  readonly evaluation: z.output<typeof evaluation>;
}

export const fillSearching = (written: WrittenSearching, around: Around): CompleteSearching => ({
  ...fillRecipe(["search"], written, around.space.input, around),
  evaluation: written.evaluation,
});
