import { imagesIn } from "../../curriculum/subsets.js";
import type { Split, StreamSpec } from "../../domain/data.js";
import type { PrepareJob, TrainJob } from "../../domain/job.js";
import type { Plan, Recipe } from "../../domain/plan.js";
import type { Context, Progress } from "../../domain/program.js";
import type { Architecture, Space } from "../../domain/space.js";
import { blockEnd, trainBlock } from "../../schedule/block.js";
import { stepsPerEpoch } from "../../schedule/epochs.js";
import { learningRateAt } from "../../schedule/learning-rate.js";
import { inOrder, shuffled } from "../../schedule/streams.js";
import { spaceHash } from "../../spaces/hash.js";
import { singlePathSpace } from "../../spaces/singleton.js";
import { deriveSeed, rng } from "../../util/rng.js";

/** Ordinary training of one network, as the reference networks and the retraining share it. */
export interface Training {
  readonly epochs: number;
  readonly recipe: Recipe;
  readonly stepsPerEpoch: number;
  /** weight steps in all */
  readonly steps: number;
  /** weight steps in a job, at most */
  readonly stepsPerJob: number;
}

export function trainingOf(
  { plan, data }: Context,
  { split, epochs, recipe }: Pick<Training, "epochs" | "recipe"> & { readonly split: Split },
): Training {
  const perEpoch = stepsPerEpoch(imagesIn(data, split), recipe.batchSize);
  const { stepsPerJob } = plan.pipeline;
  return { epochs, recipe, stepsPerEpoch: perEpoch, steps: epochs * perEpoch, stepsPerJob };
}

/** for people: the epoch that the next weight step is in, from 1 */
export const epochOf = ({ epochs, stepsPerEpoch }: Training, step: number): number =>
  Math.min(epochs, Math.floor(step / stepsPerEpoch) + 1);

/** @param stepsDone weight steps, as stepsTotal */
export function progressOf({ plan }: Context, label: string, stepsDone: number, stepsTotal: number): Progress {
  const slots = plan.space.slots.length;
  return { label, classes: plan.data.classes, alive: slots, candidates: slots, stepsDone, stepsTotal };
}

/** the single path of a space with one candidate a slot */
export const onlyPath = (slots: number): Architecture => new Array<number>(slots).fill(0);

/** The next train job from weight step `step` on; it does not cross the end of an epoch. */
export function trainJob(training: Training, step: number, slots: number): TrainJob {
  const { steps, stepsPerEpoch, stepsPerJob, recipe } = training;
  const learningRate = (of: number) => learningRateAt(recipe.learningRate, of, steps, stepsPerEpoch);
  const paths = [{ architecture: onlyPath(slots), weight: 1 }];
  const count = blockEnd(step, stepsPerJob, stepsPerEpoch) - step;
  return trainBlock(
    { stream: "train", scope: "all", step, batch: step, learningRate },
    Array.from({ length: count }, () => paths),
  );
}

interface Prepared {
  readonly space: Space;
  readonly streams: readonly StreamSpec[];
  readonly recipe: Recipe;
  /** paths for the worker's own tools to count */
  readonly checks: readonly Architecture[];
}

/** Prepares a space's model, its weights drawn from a seed named by `name`. */
export const prepareJob = (plan: Plan, name: string, { space, streams, recipe, checks }: Prepared): PrepareJob => ({
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

/** Prepares one network alone, to be trained on `split` and measured on others. */
export function prepareNetwork(
  plan: Plan,
  name: string,
  architecture: Architecture,
  { recipe, split, measured }: { readonly recipe: Recipe; readonly split: Split; readonly measured: readonly Split[] },
): PrepareJob {
  const space = singlePathSpace(plan.space, architecture);
  // all references see the same batches: the stream's seed is the program's
  const seed = deriveSeed(
    rng(plan.seed)
      .fork(`${name.split("/")[0]}/train`)
      .fork("stream"),
  );
  const streams = [shuffled("train", split, [], recipe, seed), ...measured.map((of) => inOrder(plan, of))];
  return prepareJob(plan, name, { space, streams, recipe, checks: [onlyPath(space.slots.length)] });
}
