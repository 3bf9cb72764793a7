import type { StreamSpec } from "../../domain/data.js";
import type { Plan } from "../../domain/plan.js";
import { shuffled } from "../../schedule/streams.js";
import { deriveSeed, rng } from "../../util/rng.js";

/** Streams of a search. Every one has a seed of its own, by its name. */

export const trainStream = (plan: Plan, name: string, classes: readonly string[]): StreamSpec =>
  shuffled(name, "train", classes, plan.search.recipe, seedOf(plan, name));

/** validation batches for gate steps, not augmented, as in ProxylessNAS' code [C] */
export const gateStream = (plan: Plan, name: string, classes: readonly string[], batchSize: number): StreamSpec =>
  shuffled(name, "valid", classes, { batchSize, augment: null }, seedOf(plan, name));

const seedOf = (plan: Plan, name: string): number => deriveSeed(searchRng(plan).fork("stream").fork(name));

/** all randomness of a search comes from here, by name */
export const searchRng = (plan: Plan) => rng(plan.seed).fork("search");
