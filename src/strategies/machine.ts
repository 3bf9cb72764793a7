import { expectedCost } from "../cost/expected.js";
import type { Decision, Snapshot } from "../domain/decision.js";
import type { NumberedJob, TrainJob } from "../domain/job.js";
import type { Context, Learned, Next, Progress, Strategy } from "../domain/program.js";
import type { Answer } from "../domain/signal.js";
import { type Alive, allAlive } from "../domain/space.js";
import { trainBlock } from "../schedule/block.js";
import { sum } from "../util/numeric.js";
import { type Choice, choose, evaluateJob, noChoice } from "./choosers/choice.js";
import { type Round, trainName } from "./course/course.js";
import type { Standing } from "./estimators/estimator.js";
import { cutWeakest } from "./prune.js";
import { dueAfter, endOfBlock, type Parts, type Rig, type RigRound, rigged, streamsOf } from "./rig.js";
import { afterSnapshot, counted, meansOf, startTally, type Tally } from "./tally.js";

/**
 * The machine that carries a method out:
 *
 *   for each round, on its classes:
 *     the supernet is trained on the paths that the estimator names; every so often the estimator asks for a job of its own,
 *     whose answer moves the distribution
 *     at the round's end the lowest-scored candidates of each slot are cut
 *   then the chooser nominates networks, they are measured and one is chosen
 *
 * Weight steps come in blocks of at most stepsPerJob, a job each; what the estimator asks follows the block in which it came
 * due. A block ends where a question is due, if one is, so with stepsPerJob = `every` of the gates, weights and gates alternate
 * exactly as in the papers; with more steps a job, several gate steps follow several stretches of weight steps, on the paths'
 * weights of then.
 */
export interface MachineState<P, M> {
  readonly next: "open" | "train" | "close" | "choose";
  readonly round: number;
  /** weight steps and questions of this round, issued */
  readonly step: number;
  readonly asked: number;
  /** weight steps of this round, learnt; those of the rounds before are all learnt */
  readonly learnt: number;
  readonly alive: Alive;
  readonly parameters: P;
  /** null before the first round opens */
  readonly memory: M | null;
  readonly tally: Tally;
  /** null while rounds go on */
  readonly choice: Choice | null;
}

/** @param partsOf a pure function of options, plan, data and ranking */
export function machine<Options extends object, P, M>(
  partsOf: (context: Context, options: Options) => Parts<P, M>,
): Strategy<Options, MachineState<P, M>> {
  const rigOf = rigged(partsOf);
  return {
    streams: (context, options) => streamsOf(context, rigOf(context, options)),
    begin: (context, options) => ({
      next: "open",
      round: 0,
      step: 0,
      asked: 0,
      learnt: 0,
      alive: allAlive(context.plan.space),
      parameters: rigOf(context, options).family.start(context.costs.slots),
      memory: null,
      tally: startTally(context.costs.slots),
      choice: null,
    }),
    next: (context, options, state, inFlight) => next(context, rigOf(context, options), state, inFlight, []),
    learn: (context, options, state, { job }, answer) => learn(context, rigOf(context, options), state, job, answer),
    progress: (context, options, state) => progress(context, rigOf(context, options), state),
  };
}

// ---- what to do next ------------------------------------------------------------------------------------------------

function next<P, M>(
  context: Context,
  rig: Rig<P, M>,
  state: MachineState<P, M>,
  inFlight: number,
  decisions: readonly Decision[],
): Next<MachineState<P, M>> {
  const round = rig.course.rounds[state.round];
  const goOn = (changes: Partial<MachineState<P, M>>, more: readonly Decision[] = []) =>
    next(context, rig, { ...state, ...changes }, inFlight, [...decisions, ...more]);
  switch (state.next) {
    case "open": {
      if (round === undefined) return goOn({ next: "choose" });
      return goOn({ next: "train", memory: round.estimator.begin(context.costs.slots) }, [opening(round)]);
    }
    case "train": {
      const at = standing(context, round, state);
      const { questions } = round.estimator;
      const due = dueAfter(round, state.step);
      if (questions && due > state.asked) {
        const job = questions.ask(at, state.asked, due);
        return { kind: "issue", job, state: { ...state, asked: due }, decisions };
      }
      if (state.step === round.steps) return goOn({ next: "close" });
      const job = nextBlock(at, round, state.step);
      return { kind: "issue", job, state: { ...state, step: state.step + job.steps.length }, decisions };
    }
    case "close": {
      // what the round taught must all be in before anything is cut; where nothing is, the next one opens on it
      if (inFlight > 0) return { kind: "wait" };
      const before = rig.family.of(state.parameters, state.alive);
      const { alive, cuts } = cutWeakest(context, before, state.tally, round.quota);
      const opened = { next: "open", round: state.round + 1, step: 0, asked: 0, learnt: 0 } as const;
      if (cuts.length === 0) return goOn(opened);
      const after = { ...state, ...opened, alive, parameters: rig.family.keepOnly(state.parameters, alive) };
      const { classes, index, epochsAfter } = round;
      return {
        kind: "issue",
        job: { kind: "restrict", alive },
        state: after,
        decisions: [
          ...decisions,
          { type: "prune", round: index, classes: classes.length, criterion: before.criterion, cuts, alive },
          snapshot(context, rig, index, epochsAfter, after),
        ],
      };
    }
    case "choose": {
      const { chooser, course } = rig;
      const choice = state.choice ?? noChoice;
      const { networks, asked } = choice;
      if (asked < networks.length) {
        const train = course.rounds.at(-1)?.train ?? trainName;
        const job = evaluateJob(context.plan, networks[asked].architecture, train);
        return { kind: "issue", job, state: { ...state, choice: { ...choice, asked: asked + 1 } }, decisions };
      }
      if (inFlight > 0) return { kind: "wait" };
      const more = chooser.nominate(context, rig.family.of(state.parameters, state.alive), choice);
      if (more.length === 0) {
        return { kind: "done", state, decisions: [...decisions, choose(context, chooser.how, choice)] };
      }
      const nominees = [...networks, ...more];
      return goOn({ choice: { ...choice, networks: nominees, asked: chooser.measured ? asked : nominees.length } });
    }
  }
}

const opening = ({ index, name, classes, epochs, stepsPerEpoch }: Round): Decision => ({
  type: "open-round",
  round: index,
  name,
  classes,
  epochs,
  stepsPerEpoch,
});

const standing = <P, M>(
  context: Context,
  round: Round,
  { alive, parameters, memory, learnt }: MachineState<P, M>,
): Standing<P, M> => ({ context, round, alive, parameters, memory: memory as M, learnt });

function nextBlock<P, M>(at: Standing<P, M>, round: RigRound<P, M>, step: number): TrainJob {
  const { train: stream, scope, learningRate, estimator, batchesBefore } = round;
  const end = endOfBlock(at.context.plan.pipeline.stepsPerJob, round, step);
  const block = { stream, scope, step, batch: batchesBefore + step, learningRate };
  return trainBlock(block, estimator.paths(at, step, end - step));
}

// ---- what was learnt ------------------------------------------------------------------------------------------------

function learn<P, M>(
  context: Context,
  rig: Rig<P, M>,
  state: MachineState<P, M>,
  job: NumberedJob["job"],
  { signal }: Answer,
): Learned<MachineState<P, M>> {
  if (state.choice && signal.kind === "evaluate") {
    const [{ accuracy }] = signal.results;
    const choice = { ...state.choice, accuracies: [...state.choice.accuracies, accuracy] };
    const epoch = rig.course.epochsTotal;
    return {
      state: { ...state, choice },
      decisions: [{ type: "report", series: "path-valid-accuracy", epoch, value: accuracy }],
    };
  }
  if (job.kind === "restrict") return { state, decisions: [] };
  const round = rig.course.rounds[state.round];
  const tally = counted(state.tally, job, signal);
  if (job.kind === "train") {
    const learnt = state.learnt + job.steps.length;
    const after = { ...state, learnt, tally };
    const asksFollow = dueAfter(round, learnt) > dueAfter(round, state.learnt);
    return asksFollow ? { state: after, decisions: [] } : snapshotIfDue(context, rig, round, after);
  }
  const { questions } = round.estimator;
  if (questions === null) throw new Error(`nobody asked for ${job.kind}`);
  const { parameters, memory, decisions } = questions.learn(standing(context, round, state), job, signal);
  const learned = snapshotIfDue(context, rig, round, { ...state, tally, parameters, memory });
  return { ...learned, decisions: [...decisions, ...learned.decisions] };
}

function snapshotIfDue<P, M>(
  context: Context,
  rig: Rig<P, M>,
  round: RigRound<P, M>,
  state: MachineState<P, M>,
): Learned<MachineState<P, M>> {
  const { learnt } = state;
  if (learnt % round.stepsPerSnapshot !== 0 && learnt !== round.steps) return { state, decisions: [] };
  return {
    state: { ...state, tally: afterSnapshot(state.tally) },
    decisions: [snapshot(context, rig, round.index, round.epochAt(learnt), state)],
  };
}

function snapshot<P, M>(
  { costs }: Context,
  { family }: Rig<P, M>,
  round: number,
  epoch: number,
  { parameters, alive, tally }: MachineState<P, M>,
): Snapshot {
  const distribution = family.of(parameters, alive);
  const { marginals } = distribution;
  return {
    type: "snapshot",
    round,
    epoch,
    probabilities: marginals,
    alive,
    expected: expectedCost(costs, marginals),
    entropy: distribution.entropy() / marginals.length,
    ...meansOf(tally),
  };
}

// ---- for people -----------------------------------------------------------------------------------------------------

function progress<P, M>({ costs }: Context, { course }: Rig<P, M>, state: MachineState<P, M>): Progress {
  const round = course.rounds[Math.min(state.round, course.rounds.length - 1)];
  const running = state.next === "choose" || state.round >= course.rounds.length ? null : round;
  const count = (rows: readonly (readonly unknown[])[]) => sum(rows.map((row) => row.length));
  return {
    label: running ? (running.label ?? `${running.name}, ${epochOf(running, state.learnt)}`) : "choosing",
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
