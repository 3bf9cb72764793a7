import { expectedCost } from "../cost/expected.js";
import type { Decision, Snapshot } from "../domain/decision.js";
import type { GatesJob, NumberedJob, TrainJob } from "../domain/job.js";
import type { StrategyName } from "../domain/plan.js";
import type { Context, Learned, Next, OptionsOf, Progress, Strategy } from "../domain/program.js";
import type { Answer, Signal } from "../domain/signal.js";
import { type Alive, allAlive } from "../domain/space.js";
import { pruneQuota } from "../schedule/quota.js";
import { type Choice, choiceOf, learnAccuracy, nextChoice, nominate } from "./choose.js";
import { type Course, type CourseOutline, layOut, type Round, validName } from "./course.js";
import { drawPath, logProbabilitiesOf, meanEntropy, probabilitiesOf, uniformOver } from "./distribution.js";
import { drawGates, gateUpdate, keepOnly, type Parameters, startParameters } from "./gate-update.js";
import { cutWeakest } from "./prune.js";
import { searchRng } from "./streams.js";
import { afterSnapshot, countGated, countTrained, meansOf, startTally, type Tally } from "./tally.js";

/**
 * Carries out a course of rounds over one supernet:
 *
 *   for each round, on its classes:
 *     weight steps on paths ~ softmax(alpha) over the alive; uniform where the round takes no gate steps
 *     after every so many of them a gate step on a validation batch moves alpha
 *     at its end the least probable candidates of each slot are cut
 *   then networks are nominated, measured and one is chosen
 *
 * Weight steps come in blocks of at most stepsPerJob, a job each; the gate steps due within a block follow it as one job.
 * A block ends where a gate step is due, if one is, so with stepsPerJob = `every` the two alternate exactly as in the
 * papers; with more steps a job, several gate steps follow several stretches of weight steps, on the paths' weights of then.
 */
export interface RoundsState {
  readonly next: "open" | "train" | "gates" | "close" | "choose";
  readonly round: number;
  /** weight steps and gate steps of this round, issued */
  readonly step: number;
  readonly gateStep: number;
  /** weight steps of this round, learnt; those of the rounds before are all learnt */
  readonly learnt: number;
  readonly alive: Alive;
  readonly parameters: Parameters;
  readonly tally: Tally;
  readonly choice: Choice | null;
}

export function roundsStrategy<N extends StrategyName>(
  name: N,
  outline: (context: Context, options: OptionsOf<N>) => CourseOutline,
): Strategy<N, RoundsState> {
  const courseOf = memoized((context: Context, options: OptionsOf<N>) => layOut(context, outline(context, options)));
  return {
    name,
    streams: (context, options) => courseOf(context, options).streams,
    begin: ({ plan, costs }) => ({
      next: "open",
      round: 0,
      step: 0,
      gateStep: 0,
      learnt: 0,
      alive: allAlive(plan.space),
      parameters: startParameters(costs.slots.map((row) => row.map(() => 0))),
      tally: startTally(costs.slots.map((row) => row.map(() => 0))),
      choice: null,
    }),
    next: (context, options, state, inFlight) => next(context, courseOf(context, options), state, inFlight, []),
    learn: (context, options, state, job, answer) => learn(context, courseOf(context, options), state, job, answer),
    progress: (context, options, state) => progress(context, courseOf(context, options), state),
  };
}

// a course is a pure function of what is compared here; the memo only saves the time, of counting images above all
function memoized<O extends object>(layOutFor: (context: Context, options: O) => Course) {
  const known = new WeakMap<O, { readonly context: Context; readonly course: Course }>();
  return (context: Context, options: O): Course => {
    const found = known.get(options);
    const { plan, data, ranking } = context;
    if (found && found.context.plan === plan && found.context.data === data && found.context.ranking === ranking) {
      return found.course;
    }
    const course = layOutFor(context, options);
    known.set(options, { context, course });
    return course;
  };
}

// ---- what to do next ------------------------------------------------------------------------------------------------

function next(
  context: Context,
  course: Course,
  state: RoundsState,
  inFlight: number,
  decisions: readonly Decision[],
): Next<RoundsState> {
  const round = course.rounds[state.round];
  const goOn = (changes: Partial<RoundsState>, more: readonly Decision[] = []) =>
    next(context, course, { ...state, ...changes }, inFlight, [...decisions, ...more]);
  switch (state.next) {
    case "open": {
      if (round === undefined) return goOn({ next: "choose" });
      return goOn({ next: "train" }, [opening(state.round, round)]);
    }
    case "train": {
      if (state.step === round.steps) return goOn({ next: "close" });
      const job = trainBlock(context, course, round, state);
      const step = state.step + job.steps.length;
      const gatesDue = gateStepsIn(course, round, step) > state.gateStep;
      return { kind: "issue", job, state: { ...state, step, next: gatesDue ? "gates" : "train" }, decisions };
    }
    case "gates": {
      const job = gateBlock(context, course, round, state);
      const gateStep = state.gateStep + job.steps.length;
      return { kind: "issue", job, state: { ...state, gateStep, next: "train" }, decisions };
    }
    case "close": {
      // what the round taught must all be in before anything is cut; where nothing is, the next one opens on it
      if (inFlight > 0) return { kind: "wait" };
      const pruning = pruneAfter(context, round, state);
      const opened = { next: "open", round: state.round + 1, step: 0, gateStep: 0, learnt: 0 } as const;
      if (pruning.cuts.length === 0) return goOn(opened);
      const { alive, cuts } = pruning;
      const after = { ...state, ...opened, alive, parameters: keepOnly(state.parameters, alive) };
      return {
        kind: "issue",
        job: { kind: "restrict", alive },
        state: after,
        decisions: [
          ...decisions,
          { type: "prune", round: state.round, classes: round.classes.length, criterion: "probability", cuts, alive },
          snapshot(context, state.round, round.epochsBefore + round.epochs, after),
        ],
      };
    }
    case "choose": {
      if (state.choice === null && inFlight > 0) return { kind: "wait" };
      const choice = state.choice ?? nominated(context, course, state);
      const measuring = { how: course.how, valid: validName, train: course.rounds.at(-1)?.train ?? "" };
      const chosen = nextChoice(context, measuring, state, choice, inFlight);
      return chosen.kind === "wait" ? chosen : { ...chosen, decisions: [...decisions, ...chosen.decisions] };
    }
  }
}

function nominated(context: Context, { final }: Course, { parameters, alive }: RoundsState): Choice {
  return choiceOf(nominate(context, final, parameters.alphas, alive), final.how !== "at-random" || final.measured);
}

const opening = (index: number, round: Round): Decision => ({
  type: "open-round",
  round: index,
  name: round.name,
  classes: round.classes,
  epochs: round.epochs,
  stepsPerEpoch: round.stepsPerEpoch,
});

/** gate steps due once `step` weight steps of the round were taken */
const gateStepsIn = ({ gate }: Course, round: Round, step: number): number =>
  round.gates && gate ? Math.floor(step / gate.every) : 0;

function trainBlock(context: Context, course: Course, round: Round, state: RoundsState): TrainJob {
  const { plan } = context;
  const { step, alive, parameters } = state;
  const probabilities = round.gates ? probabilitiesOf(parameters.alphas, alive) : uniformOver(alive, parameters.alphas);
  const paths = searchRng(plan).fork("path");
  const count = blockEnd(context, course, round, step) - step;
  return {
    kind: "train",
    stream: round.train,
    scope: "all",
    steps: Array.from({ length: count }, (_, index) => ({
      paths: [{ architecture: drawPath(paths.fork(round.stepsBefore + step + index), probabilities), weight: 1 }],
      learningRate: round.learningRate(step + index),
      batch: step + index,
    })),
  };
}

function blockEnd({ plan }: Context, course: Course, round: Round, step: number): number {
  const epochEnd = (Math.floor(step / round.stepsPerEpoch) + 1) * round.stepsPerEpoch;
  const end = Math.min(step + plan.pipeline.stepsPerJob, epochEnd, round.steps);
  const due = gateStepsIn(course, round, end) * (course.gate?.every ?? 1);
  return due > step ? due : end;
}

function gateBlock({ plan }: Context, course: Course, round: Round, state: RoundsState): GatesJob {
  const { gateStep, step, alive, parameters } = state;
  const probabilities = probabilitiesOf(parameters.alphas, alive);
  const draws = searchRng(plan).fork("gates").fork(state.round);
  return {
    kind: "gates",
    stream: round.gateStream,
    steps: Array.from({ length: gateStepsIn(course, round, step) - gateStep }, (_, index) =>
      drawGates(draws.fork(gateStep + index), probabilities, alive, round.gateMode, gateStep + index),
    ),
  };
}

const pruneAfter = (context: Context, round: Round, { alive, parameters: { alphas }, tally }: RoundsState) => {
  const scores = probabilitiesOf(alphas, alive);
  const standing = { alive, scores, logProbabilities: logProbabilitiesOf(alphas, alive), tally };
  return cutWeakest(context, standing, (count) => pruneQuota(count, round.prune));
};

// ---- what was learnt ------------------------------------------------------------------------------------------------

function learn(
  context: Context,
  course: Course,
  state: RoundsState,
  { job }: NumberedJob,
  { signal }: Answer,
): Learned<RoundsState> {
  const round = course.rounds[state.round];
  if (job.kind === "train" && signal.kind === "train") {
    const learnt = state.learnt + job.steps.length;
    const after = { ...state, learnt, tally: countTrained(state.tally, job.steps, signal) };
    const gatesFollow = gateStepsIn(course, round, learnt) > gateStepsIn(course, round, state.learnt);
    return gatesFollow ? { state: after, decisions: [] } : atEpochEnd(context, round, after);
  }
  if (job.kind === "gates" && signal.kind === "gates") {
    return atEpochEnd(context, round, takeGates(context, course, round, state, job, signal));
  }
  if (signal.kind === "evaluate" && state.choice) {
    const epochs = course.rounds.reduce((sum, of) => sum + of.epochs, 0);
    const { choice, decisions } = learnAccuracy(state.choice, signal.results[0].accuracy, epochs);
    return { state: { ...state, choice }, decisions };
  }
  return { state, decisions: [] };
}

function takeGates(
  context: Context,
  course: Course,
  round: Round,
  state: RoundsState,
  job: GatesJob,
  signal: Extract<Signal, { kind: "gates" }>,
): RoundsState {
  if (!course.gate) throw new Error("gate steps in a course without gates");
  const rules = {
    mode: round.gateMode,
    options: course.gate,
    term: course.cost,
    costActs: round.cost,
    classes: round.classes.length,
    table: context.costs,
  };
  const parameters = gateUpdate(rules, state.parameters, state.alive, job.steps, signal.steps);
  return { ...state, parameters, tally: countGated(state.tally, job.steps) };
}

function atEpochEnd(context: Context, round: Round, state: RoundsState): Learned<RoundsState> {
  const { learnt } = state;
  if (learnt % round.stepsPerEpoch !== 0 && learnt !== round.steps) return { state, decisions: [] };
  const epoch = round.epochsBefore + Math.min(round.epochs, learnt / round.stepsPerEpoch);
  return {
    state: { ...state, tally: afterSnapshot(state.tally) },
    decisions: [snapshot(context, state.round, epoch, state)],
  };
}

function snapshot(
  { costs }: Context,
  round: number,
  epoch: number,
  { parameters, alive, tally }: RoundsState,
): Snapshot {
  const probabilities = probabilitiesOf(parameters.alphas, alive);
  return {
    type: "snapshot",
    round,
    epoch,
    probabilities,
    alive,
    expected: expectedCost(costs, probabilities),
    entropy: meanEntropy(probabilities),
    ...meansOf(tally),
  };
}

// ---- for people -----------------------------------------------------------------------------------------------------

function progress({ costs }: Context, course: Course, state: RoundsState): Progress {
  const round = course.rounds[Math.min(state.round, course.rounds.length - 1)];
  const running = state.next === "choose" || state.round >= course.rounds.length ? null : round;
  const count = (rows: readonly (readonly unknown[])[]) => rows.reduce((sum, row) => sum + row.length, 0);
  return {
    label: running ? `${running.name}, ${epochOf(running, state.learnt)}` : "choosing",
    classes: round?.classes.length ?? 0,
    alive: count(state.alive),
    candidates: count(costs.slots),
    stepsDone: running ? running.stepsBefore + state.learnt : course.stepsTotal,
    stepsTotal: course.stepsTotal,
  };
}

function epochOf({ epochs, stepsPerEpoch }: Round, learnt: number): string {
  const total = Math.max(1, Math.ceil(epochs));
  return `epoch ${Math.min(total, Math.floor(learnt / stepsPerEpoch) + 1)} of ${total}`;
}
