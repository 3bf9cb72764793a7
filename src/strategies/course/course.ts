import { imagesIn } from "../../curriculum/subsets.js";
import type { TrainScope } from "../../domain/job.js";
import type { LearningRate } from "../../domain/plan.js";
import type { Context } from "../../domain/program.js";
import { stepsIn, stepsPerEpoch } from "../../schedule/epochs.js";
import { learningRateAt } from "../../schedule/learning-rate.js";
import { sum } from "../../util/numeric.js";

/** A search as rounds of weight steps over one supernet: what is trained on, how long, at which learning rate. */

/** a round as a method lays it out */
export interface RoundOutline {
  readonly name: string;
  readonly epochs: number;
  readonly classes: readonly string[];
  /** what of the supernet is trained */
  readonly scope: TrainScope;
  /** the round's own schedule; without, the search's recipe spans all rounds that have none */
  readonly ownLearningRate?: LearningRate;
}

/** a round with every number resolved */
export interface Round extends RoundOutline {
  readonly index: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  /** weight steps of the rounds before */
  readonly stepsBefore: number;
  /** stream of the training batches, and where in it the round begins */
  readonly train: string;
  readonly batchesBefore: number;
  /** weight steps from one snapshot to the next */
  readonly stepsPerSnapshot: number;
  /** epochs since the search began, after so many weight steps of this round; and after all of them */
  epochAt(step: number): number;
  readonly epochsAfter: number;
  /** of a weight step of this round, counted from 0 */
  learningRate(step: number): number;
}

export interface Course<R> {
  readonly rounds: readonly (R & Round)[];
  readonly stepsTotal: number;
  readonly epochsTotal: number;
}

/** one stream for all rounds, or one for each */
export type Streaming = "one-stream" | "stream-per-round";

export const trainName = "train";

/**
 * With a stream for each round, epochs begin with the round, and each one's end is worth a snapshot. In one stream epochs run
 * on across rounds, and a round's end alone is.
 */
export function layOut<R extends RoundOutline>(
  { plan, data }: Context,
  outline: readonly R[],
  streaming: Streaming,
): Course<R> {
  const { batchSize, learningRate: common } = plan.search.recipe;
  const sized = outline.map((round) => {
    const perEpoch = stepsPerEpoch(imagesIn(data, "train", round.classes), batchSize);
    return { ...round, stepsPerEpoch: perEpoch, steps: stepsIn(round.epochs, perEpoch) };
  });
  const shared = sized.filter(({ ownLearningRate }) => !ownLearningRate);
  const sharedSteps = sum(shared.map(({ steps }) => steps));
  const one = streaming === "one-stream";
  const rounds: (R & Round)[] = [];
  let [stepsBefore, epochsBefore, sharedBefore] = [0, 0, 0];
  for (const [index, round] of sized.entries()) {
    const { ownLearningRate, epochs, steps } = round;
    const [rate, from, total] = ownLearningRate
      ? ([ownLearningRate, 0, steps] as const)
      : ([common, sharedBefore, sharedSteps] as const);
    // a warm-up of the learning rate is meant in the epochs of the round that it begins in
    const { stepsPerEpoch: perEpoch } = ownLearningRate ? round : shared[0];
    const [firstStep, firstEpoch] = [stepsBefore, epochsBefore];
    const epochAt = one
      ? (step: number) => (firstStep + step) / round.stepsPerEpoch
      : (step: number) => firstEpoch + Math.min(epochs, step / round.stepsPerEpoch);
    const epochsAfter = one ? epochAt(steps) : firstEpoch + epochs;
    rounds.push({
      ...round,
      index,
      stepsBefore,
      train: one ? trainName : `${trainName}-${index}`,
      batchesBefore: one ? stepsBefore : 0,
      stepsPerSnapshot: one ? steps : round.stepsPerEpoch,
      epochAt,
      epochsAfter,
      learningRate: (step) => learningRateAt(rate, from + step, total, perEpoch),
    });
    stepsBefore += steps;
    epochsBefore = epochsAfter;
    if (!ownLearningRate) sharedBefore += steps;
  }
  return { rounds, stepsTotal: stepsBefore, epochsTotal: epochsBefore };
}
