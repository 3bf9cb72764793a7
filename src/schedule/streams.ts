import type { Split, StreamSpec } from "../domain/data.js";
import type { EvaluateJob } from "../domain/job.js";
import type { Plan, Recipe } from "../domain/plan.js";
import type { Architecture } from "../domain/space.js";

/** batches for steps, in an order drawn anew each epoch. @param classes none = all. @param seed of order and augmentation */
export const shuffled = (
  name: string,
  split: Split,
  classes: readonly string[],
  { batchSize, augment }: Pick<Recipe, "batchSize" | "augment">,
  seed: number,
): StreamSpec => ({ name, split, classes, batchSize, shuffle: true, seed, augment });

/** A whole split in order, for measuring; named like it. */
export const inOrder = (plan: Plan, split: Split, classes: readonly string[] = []): StreamSpec => ({
  name: split,
  split,
  classes,
  batchSize: plan.search.evaluation.batchSize,
  shuffle: false,
  seed: 0,
  augment: null,
});

/**
 * Measures one network on a whole stream.
 * @param train the stream on so many batches of which batch norm's statistics are estimated first; 0 = they are as they are
 */
export const measureJob = (
  stream: string,
  architecture: Architecture,
  train: string,
  recalibrateBatches: number,
): EvaluateJob => ({
  kind: "evaluate",
  stream,
  architectures: [architecture],
  batches: 0,
  recalibrate: { stream: train, batches: recalibrateBatches },
});
