import { imagesIn } from "../curriculum/subsets.js";
import type { StreamSpec } from "../domain/data.js";
import type { CostTerm, GateOptions, LearningRate, RoundPlan } from "../domain/plan.js";
import type { Context } from "../domain/program.js";
import { stepsIn, stepsPerEpoch } from "../schedule/epochs.js";
import { learningRateAt } from "../schedule/learning-rate.js";
import type { HowToChoose } from "./choose.js";
import { gateStream, trainStream, validStream } from "./streams.js";

/**
 * A search as a course of rounds over one supernet, every number resolved. DA-NAS, ProxylessNAS and random search are
 * courses; rounds.ts carries them out.
 */
export interface Course {
  readonly rounds: readonly Round[];
  /** null where no round takes gate steps */
  readonly gate: GateOptions | null;
  readonly cost: CostTerm;
  readonly final: HowToChoose;
  /** as it is written in the `choose` decision */
  readonly how: string;
  readonly streams: readonly StreamSpec[];
  readonly stepsTotal: number;
}

export interface Round extends Omit<RoundPlan, "classes"> {
  readonly classes: readonly string[];
  readonly stepsPerEpoch: number;
  readonly steps: number;
  /** weight steps and epochs of the rounds before */
  readonly stepsBefore: number;
  readonly epochsBefore: number;
  readonly train: string;
  readonly gateStream: string;
  /** of a weight step of this round, counted from 0 */
  learningRate(step: number): number;
}

/** a round as a method lays it out */
export interface RoundOutline extends Omit<RoundPlan, "classes"> {
  readonly classes: readonly string[];
  /** the round's own schedule; without, the search's recipe spans all rounds that have none */
  readonly ownLearningRate?: LearningRate;
}

export interface CourseOutline {
  readonly rounds: readonly RoundOutline[];
  readonly gate: GateOptions | null;
  readonly cost: CostTerm;
  readonly final: HowToChoose;
  readonly how: string;
}

export const noCost: CostTerm = { form: "none", lambda: 0, beta: 0, metric: "macs", target: 1 };

/** networks are compared on the classes of the last round: no other was in the data */
export const validName = "valid";

export function layOut(context: Context, outline: CourseOutline): Course {
  const { plan, data } = context;
  const sized = outline.rounds.map((round) => {
    const perEpoch = stepsPerEpoch(imagesIn(data, "train", round.classes), plan.search.recipe.batchSize);
    return { ...round, stepsPerEpoch: perEpoch, steps: stepsIn(round.epochs, perEpoch) };
  });
  const shared = sized.filter(({ ownLearningRate }) => !ownLearningRate);
  const sharedSteps = shared.reduce((sum, { steps }) => sum + steps, 0);
  const rounds: Round[] = [];
  let [stepsBefore, epochsBefore, sharedBefore] = [0, 0, 0];
  for (const [index, { ownLearningRate, ...round }] of sized.entries()) {
    const [rate, from, total] = ownLearningRate
      ? ([ownLearningRate, 0, round.steps] as const)
      : ([plan.search.recipe.learningRate, sharedBefore, sharedSteps] as const);
    // a warm-up of the learning rate is meant in the epochs of the round that it begins in
    const { stepsPerEpoch: perEpoch } = ownLearningRate ? round : shared[0];
    rounds.push({
      ...round,
      stepsBefore,
      epochsBefore,
      train: `train-${index}`,
      gateStream: `gates-${index}`,
      learningRate: (step) => learningRateAt(rate, from + step, total, perEpoch),
    });
    stepsBefore += round.steps;
    epochsBefore += round.epochs;
    if (!ownLearningRate) sharedBefore += round.steps;
  }
  const { gate } = outline;
  const streams = rounds.flatMap(({ train, gateStream: gateName, gates, classes }) => [
    trainStream(plan, train, classes),
    ...(gates && gate ? [gateStream(plan, gateName, classes, gate.batchSize)] : []),
  ]);
  const seen = rounds.at(-1)?.classes ?? data.classes;
  return { ...outline, rounds, streams: [...streams, validStream(plan, validName, seen)], stepsTotal: stepsBefore };
}
