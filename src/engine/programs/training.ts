import type { StreamSpec } from "../../domain/data.js";
import type { PrepareJob, TrainJob } from "../../domain/job.js";
import type { Plan, Recipe } from "../../domain/plan.js";
import type { Architecture } from "../../domain/space.js";
import { blockEnd, trainBlock } from "../../schedule/block.js";
import { learningRateAt } from "../../schedule/learning-rate.js";
import { spaceHash } from "../../spaces/hash.js";
import { singlePathSpace } from "../../spaces/singleton.js";
import { deriveSeed, rng } from "../../util/rng.js";

/** Ordinary training of one network, as the reference networks and the retraining share it. */
export interface Training {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly recipe: Recipe;
  /** weight steps in a job, at most */
  readonly stepsPerJob: number;
}

/** the single path of a space with one candidate a slot */
export const onlyPath = (slots: number): Architecture => new Array<number>(slots).fill(0);

/** The next train job from weight step `step` on; it does not cross the end of an epoch. */
export function trainJob(training: Training, step: number, slots: number): TrainJob {
  const { epochs, stepsPerEpoch, stepsPerJob, recipe } = training;
  const total = epochs * stepsPerEpoch;
  const learningRate = (of: number) => learningRateAt(recipe.learningRate, of, total, stepsPerEpoch);
  const paths = [{ architecture: onlyPath(slots), weight: 1 }];
  const count = blockEnd(step, stepsPerJob, stepsPerEpoch) - step;
  return trainBlock(
    { stream: "train", scope: "all", step, batch: step, learningRate },
    Array.from({ length: count }, () => paths),
  );
}

/** Prepares the network alone, its weights drawn from a seed named by `name`. */
export function prepareNetwork(
  plan: Plan,
  architecture: Architecture,
  recipe: Recipe,
  streams: readonly StreamSpec[],
  name: string,
): PrepareJob {
  const space = singlePathSpace(plan.space, architecture);
  return prepareSpace(plan, recipe, name, { space, streams, checks: [onlyPath(space.slots.length)] });
}

/** Prepares a space to be trained by a recipe, its weights drawn from a seed named by `name`. */
export const prepareSpace = (
  plan: Plan,
  recipe: Recipe,
  name: string,
  { space, streams, checks }: Pick<PrepareJob, "space" | "streams" | "checks">,
): PrepareJob => ({
  kind: "prepare",
  space,
  spaceHash: spaceHash(space),
  data: plan.data,
  streams,
  optimizer: recipe.optimizer,
  task: { kind: "classification", labelSmoothing: recipe.labelSmoothing },
  compute: plan.compute,
  seed: deriveSeed(rng(plan.seed).fork(name).fork("weights")),
  checks,
});

/** a stream's seed, by the name of what it is for */
export const streamSeed = (plan: Plan, name: string): number => deriveSeed(rng(plan.seed).fork(name).fork("stream"));
