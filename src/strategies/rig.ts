import type { StreamSpec } from "../domain/data.js";
import type { Context } from "../domain/program.js";
import { blockEnd } from "../schedule/block.js";
import { inOrder } from "../schedule/streams.js";
import type { Chooser } from "./choosers/choice.js";
import { type Course, layOut, type Round, type RoundOutline, type Streaming, trainName } from "./course/course.js";
import { trainStream } from "./course/streams.js";
import type { Family } from "./distributions/distribution.js";
import type { Estimator } from "./estimators/estimator.js";

/** A search method in its parts. `P`: parameters of the distribution, `M`: memory of the estimators. */
export interface Parts<P, M> {
  readonly family: Family<P>;
  readonly rounds: readonly RoundParts<P, M>[];
  readonly streaming: Streaming;
  readonly chooser: Chooser;
}

export interface RoundParts<P, M> extends RoundOutline {
  readonly estimator: Estimator<P, M>;
  /** how many of a slot's so many alive candidates are cut at the round's end; fewer than all */
  quota(alive: number): number;
  /** what the round is called while it runs; without, its name and epoch */
  readonly label?: string;
}

/** the parts, with every number of the rounds resolved */
export interface Rig<P, M> extends Parts<P, M> {
  readonly course: Course<RoundParts<P, M>>;
}

export type RigRound<P, M> = RoundParts<P, M> & Round;

/** @param partsOf a pure function of options, plan, data and ranking */
export function rigged<O extends object, P, M>(partsOf: (context: Context, options: O) => Parts<P, M>) {
  // the memo only saves time, of counting images above all
  const known = new WeakMap<O, { readonly context: Context; readonly rig: Rig<P, M> }>();
  return (context: Context, options: O): Rig<P, M> => {
    const found = known.get(options);
    const { plan, data, ranking } = context;
    if (found && found.context.plan === plan && found.context.data === data && found.context.ranking === ranking) {
      return found.rig;
    }
    const parts = partsOf(context, options);
    const rig = { ...parts, course: layOut(context, parts.rounds, parts.streaming) };
    known.set(options, { context, rig });
    return rig;
  };
}

export function streamsOf<P, M>({ plan, data }: Context, { course, streaming }: Rig<P, M>): StreamSpec[] {
  const seen = course.rounds.at(-1)?.classes ?? data.classes;
  return [
    ...(streaming === "one-stream" ? [trainStream(plan, trainName, seen)] : []),
    ...course.rounds.flatMap((round) => [
      ...(streaming === "one-stream" ? [] : [trainStream(plan, round.train, round.classes)]),
      ...(round.estimator.questions?.streams(plan, round) ?? []),
    ]),
    // networks are compared on the classes of the last round: no other was in the data
    inOrder(plan, "valid", seen),
  ];
}

/** questions due once `step` weight steps of the round were taken */
export const dueAfter = <P, M>({ estimator: { questions } }: RigRound<P, M>, step: number): number =>
  questions ? Math.floor(step / questions.every) : 0;

/** where the block of weight steps that begins at `step` ends: where the estimator asks, if it does within it */
export function endOfBlock<P, M>(stepsPerJob: number, round: RigRound<P, M>, step: number): number {
  const { stepsPerSnapshot, steps, estimator } = round;
  const end = Math.min(blockEnd(step, stepsPerJob, stepsPerSnapshot), steps);
  const { questions } = estimator;
  if (questions === null) return end;
  const due = questions.together ? dueAfter(round, end) : dueAfter(round, step) + 1;
  const asks = due * questions.every;
  return asks > step ? Math.min(asks, end) : end;
}
