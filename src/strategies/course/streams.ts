import type { StreamSpec } from "../../domain/data.js";
import type { Plan } from "../../domain/plan.js";
import { deriveSeed, rng } from "../../util/rng.js";

export const validName = "valid";

/** Streams of a search. Every one has a seed of its own, by its name. */

export const trainStream = (plan: Plan, name: string, classes: readonly string[]): StreamSpec => ({
  name,
  split: "train",
  classes,
  batchSize: plan.search.recipe.batchSize,
  shuffle: true,
  seed: seedOf(plan, name),
  augment: plan.search.recipe.augment,
});

/** validation batches for gate steps, not augmented, as in ProxylessNAS' code [C] */
export const gateStream = (plan: Plan, name: string, classes: readonly string[], batchSize: number): StreamSpec => ({
  name,
  split: "valid",
  classes,
  batchSize,
  shuffle: true,
  seed: seedOf(plan, name),
  augment: null,
});

/** The whole validation split in order, for comparing networks: on the classes of the last round, no other was in the data. */
export const validStream = (plan: Plan, classes: readonly string[]): StreamSpec => ({
  name: validName,
  split: "valid",
  classes,
  batchSize: plan.search.evaluation.batchSize,
  shuffle: false,
  seed: 0,
  augment: null,
});

const seedOf = (plan: Plan, name: string): number => deriveSeed(searchRng(plan).fork("stream").fork(name));

/** all randomness of a search comes from here, by name */
export const searchRng = (plan: Plan) => rng(plan.seed).fork("search");
