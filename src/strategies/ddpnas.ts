import { expectedCost } from "../cost/expected.js";
import { imagesIn } from "../curriculum/subsets.js";
import type { Decision, Snapshot } from "../domain/decision.js";
import type { NumberedJob, TrainJob } from "../domain/job.js";
import type { Context, Learned, Next, OptionsOf, Progress, Strategy } from "../domain/program.js";
import type { Answer } from "../domain/signal.js";
import { type Alive, type Architecture, allAlive } from "../domain/space.js";
import { stepsPerEpoch } from "../schedule/epochs.js";
import { learningRateAt } from "../schedule/learning-rate.js";
import { softmax, sum } from "../util/numeric.js";
import { type Choice, choiceOf, evaluateOne, learnAccuracy, nextChoice } from "./choose.js";
import { copyRows, meanEntropy, type Rows, rowsOf } from "./distribution.js";
import { cutWeakest } from "./prune.js";
import { searchRng, trainStream, validStream } from "./streams.js";
import { afterSnapshot, countTrained, meansOf, startTally, type Tally } from "./tally.js";

/**
 * DDPNAS: dynamic distribution pruning for efficient network architecture search (Zheng et al., arXiv 1905.13543), after
 * the authors' early code [C]:
 *
 *   theta[l] uniform. Until one candidate per slot is left (a *cycle* each):
 *     S passes; a pass visits every alive candidate of every slot exactly once, in random order, independently per slot:
 *       train the shared weights on the path so drawn for an epoch; a = its validation accuracy
 *     e = mean over passes of softmax_o(sharpness a)
 *     theta = e + momentum theta
 *     cut argmin theta in every slot
 *
 * With K candidates a slot that is S (K + (K-1) + ... + 2) paths. theta is not normalised: only its order within a slot
 * counts; what is shown as probabilities is theta over its sum.
 *
 * Ours [O]: slots need not be equally wide (a slot that changes resolution has no skip). A pass is as long as the widest
 * slot; a narrower one goes round again in a fresh order, and of a candidate visited more than once in a pass the mean
 * accuracy counts. A slot down to one candidate waits for the others. There is no cost in the distribution; where a budget
 * is set, cutWeakest keeps a network within it. The last network left is measured once, for the report.
 */
export interface DdpnasState {
  readonly next: "open" | "train" | "evaluate" | "cut" | "choose";
  readonly cycle: number;
  /** paths of this cycle issued in full, and weight steps of the open one */
  readonly path: number;
  readonly step: number;
  /** weight steps of the whole search, learnt */
  readonly stepsLearnt: number;
  readonly alive: Alive;
  readonly theta: Rows;
  /** sum over the cycle's finished passes of softmax(sharpness a) */
  readonly evidence: Rows;
  /** of the open pass: sum of accuracies and visits */
  readonly accuracies: Rows;
  readonly visits: Rows;
  /** paths of this cycle, learnt */
  readonly pathsInCycle: number;
  readonly tally: Tally;
  readonly choice: Choice | null;
}

type Options = OptionsOf<"ddpnas">;

const measuring = { how: "last-left", valid: "valid", train: "train" } as const;

export const ddpnas: Strategy<"ddpnas", DdpnasState> = {
  name: "ddpnas",
  streams: ({ plan, data }) => [trainStream(plan, "train", data.classes), validStream(plan, "valid", data.classes)],
  begin({ plan, costs }) {
    const alive = allAlive(plan.space);
    const zeros = rowsOf(alive, 0);
    return {
      next: "open",
      cycle: 0,
      path: 0,
      step: 0,
      stepsLearnt: 0,
      alive,
      theta: alive.map((row) => row.map(() => 1 / row.length)),
      evidence: zeros,
      accuracies: zeros,
      visits: zeros,
      pathsInCycle: 0,
      tally: startTally(costs.slots.map((row) => row.map(() => 0))),
      choice: null,
    };
  },
  next: (context, options, state, inFlight) => next(context, options, state, inFlight, []),
  learn,
  progress,
};

/** the longest slot: as many paths a pass, as many cycles less one are left */
const widest = (alive: Alive): number => Math.max(...alive.map((row) => row.length));

function next(
  context: Context,
  options: Options,
  state: DdpnasState,
  inFlight: number,
  decisions: readonly Decision[],
): Next<DdpnasState> {
  const size = sizeOf(context, options);
  switch (state.next) {
    case "open": {
      if (widest(state.alive) === 1) return next(context, options, { ...state, next: "choose" }, inFlight, decisions);
      const opened = [...decisions, opening(context, options, state, size)];
      return next(context, options, { ...state, next: "train" }, inFlight, opened);
    }
    case "train": {
      const job = trainBlock(context, options, state, size);
      const step = state.step + job.steps.length;
      const after = { ...state, step, next: step === size.stepsPerPath ? "evaluate" : "train" } as const;
      return { kind: "issue", job, state: after, decisions };
    }
    case "evaluate": {
      const job = evaluateOne(context, measuring, pathOf(context, state));
      const path = state.path + 1;
      const last = path === options.passes * widest(state.alive);
      const after = { ...state, path, step: 0, next: last ? "cut" : "train" } as const;
      return { kind: "issue", job, state: after, decisions };
    }
    case "cut":
      return inFlight > 0 ? { kind: "wait" } : cut(context, options, state, size);
    case "choose": {
      if (state.choice === null && inFlight > 0) return { kind: "wait" };
      const last = { architecture: state.alive.map(([only]) => only), logProbability: null };
      const choice = state.choice ?? choiceOf([last]);
      const chosen = nextChoice(context, measuring, state, choice, inFlight);
      return chosen.kind === "wait" ? chosen : { ...chosen, decisions: [...decisions, ...chosen.decisions] };
    }
  }
}

// ---- paths ----------------------------------------------------------------------------------------------------------

/** the path of this visit: in each slot the next candidate of the pass's order */
function pathOf({ plan }: Context, { cycle, path, alive }: DdpnasState): Architecture {
  const length = widest(alive);
  const [pass, visit] = [Math.floor(path / length), path % length];
  const orders = searchRng(plan).fork("pass").fork(cycle).fork(pass);
  return alive.map((candidates, slot) => {
    const lap = Math.floor(visit / candidates.length);
    return orders.fork(slot).fork(lap).shuffle(candidates)[visit % candidates.length];
  });
}

interface Size {
  readonly stepsPerEpoch: number;
  readonly stepsPerPath: number;
  /** paths of the whole search */
  readonly paths: number;
  readonly stepsTotal: number;
}

function sizeOf({ plan, data, costs }: Context, options: Options): Size {
  const perEpoch = stepsPerEpoch(imagesIn(data, "train"), plan.search.recipe.batchSize);
  const stepsPerPath = Math.max(1, Math.round(options.epochsPerPath * perEpoch));
  const paths = options.passes * sumDownToTwo(Math.max(...costs.slots.map((row) => row.length)));
  return { stepsPerEpoch: perEpoch, stepsPerPath, paths, stepsTotal: paths * stepsPerPath };
}

/** K + (K - 1) + ... + 2 */
const sumDownToTwo = (k: number): number => (k * (k + 1)) / 2 - 1;

/** paths issued in the cycles before this one: each cycle is one shorter than the last */
function pathsBefore({ costs }: Context, options: Options, state: DdpnasState): number {
  const first = Math.max(...costs.slots.map((row) => row.length));
  return options.passes * (sumDownToTwo(first) - sumDownToTwo(widest(state.alive)));
}

function trainBlock(context: Context, options: Options, state: DdpnasState, size: Size): TrainJob {
  const { plan } = context;
  const paths = [{ architecture: pathOf(context, state), weight: 1 }];
  const before = (pathsBefore(context, options, state) + state.path) * size.stepsPerPath + state.step;
  const count = Math.min(plan.pipeline.stepsPerJob, size.stepsPerPath - state.step);
  const rate = plan.search.recipe.learningRate;
  return {
    kind: "train",
    stream: "train",
    scope: "all",
    steps: Array.from({ length: count }, (_, index) => ({
      paths,
      learningRate: learningRateAt(rate, before + index, size.stepsTotal, size.stepsPerEpoch),
      batch: before + index,
    })),
  };
}

// ---- cutting --------------------------------------------------------------------------------------------------------

function opening({ data }: Context, options: Options, state: DdpnasState, size: Size): Decision {
  return {
    type: "open-round",
    round: state.cycle,
    name: `${widest(state.alive)} candidates a slot`,
    classes: data.classes,
    epochs: (options.passes * widest(state.alive) * size.stepsPerPath) / size.stepsPerEpoch,
    stepsPerEpoch: size.stepsPerEpoch,
  };
}

function cut(context: Context, options: Options, state: DdpnasState, size: Size): Next<DdpnasState> {
  const scores = state.theta.map((row, slot) =>
    row.map((theta, o) => state.evidence[slot][o] / options.passes + options.momentum * theta),
  );
  const before = { ...state, theta: scores };
  // never -Infinity for one alive: unlikely is not impossible where the budget asks for it
  const logProbabilities = scores.map((row) => row.map((theta) => Math.log(Math.max(theta, Number.MIN_VALUE))));
  const { alive, cuts } = cutWeakest(
    context,
    { alive: state.alive, scores, logProbabilities, tally: state.tally },
    (count) => (count > 1 ? 1 : 0),
  );
  const zeros = rowsOf(state.theta, 0);
  const after: DdpnasState = {
    ...before,
    next: "open",
    cycle: state.cycle + 1,
    path: 0,
    pathsInCycle: 0,
    alive,
    theta: scores.map((row, slot) => row.map((theta, o) => (alive[slot].includes(o) ? theta : 0))),
    evidence: zeros,
    accuracies: zeros,
    visits: zeros,
    tally: afterSnapshot(state.tally),
  };
  return {
    kind: "issue",
    job: { kind: "restrict", alive },
    state: after,
    decisions: [
      snapshot(context, size, before),
      { type: "prune", round: state.cycle, classes: context.data.classes.length, criterion: "theta", cuts, alive },
      snapshot(context, size, { ...after, cycle: state.cycle }),
    ],
  };
}

function snapshot({ costs }: Context, size: Size, { theta, alive, cycle, stepsLearnt, tally }: DdpnasState): Snapshot {
  const probabilities = theta.map((row) => {
    const total = sum(row);
    return row.map((value) => value / total);
  });
  return {
    type: "snapshot",
    round: cycle,
    epoch: stepsLearnt / size.stepsPerEpoch,
    probabilities,
    alive,
    expected: expectedCost(costs, probabilities),
    entropy: meanEntropy(probabilities),
    ...meansOf(tally),
  };
}

// ---- learning -------------------------------------------------------------------------------------------------------

function learn(
  context: Context,
  options: Options,
  state: DdpnasState,
  { job }: NumberedJob,
  { signal }: Answer,
): Learned<DdpnasState> {
  if (job.kind === "train" && signal.kind === "train") {
    const tally = countTrained(state.tally, job.steps, signal);
    return { state: { ...state, stepsLearnt: state.stepsLearnt + job.steps.length, tally }, decisions: [] };
  }
  if (job.kind !== "evaluate" || signal.kind !== "evaluate") return { state, decisions: [] };
  const [{ accuracy }] = signal.results;
  const epoch = state.stepsLearnt / sizeOf(context, options).stepsPerEpoch;
  if (state.choice) {
    const { choice, decisions } = learnAccuracy(state.choice, accuracy, epoch);
    return { state: { ...state, choice }, decisions };
  }
  return {
    state: takeAccuracy(options, state, job.architectures[0], accuracy),
    decisions: [{ type: "report", series: "path-valid-accuracy", epoch, value: accuracy }],
  };
}

function takeAccuracy(options: Options, state: DdpnasState, path: Architecture, accuracy: number): DdpnasState {
  const [accuracies, visits] = [copyRows(state.accuracies), copyRows(state.visits)];
  for (const [slot, candidate] of path.entries()) {
    accuracies[slot][candidate] += accuracy;
    visits[slot][candidate]++;
  }
  const pathsInCycle = state.pathsInCycle + 1;
  const after = { ...state, accuracies, visits, pathsInCycle };
  if (pathsInCycle % widest(state.alive) !== 0) return after;
  const evidence = copyRows(state.evidence);
  for (const [slot, candidates] of state.alive.entries()) {
    const means = candidates.map((o) => (options.sharpness * accuracies[slot][o]) / visits[slot][o]);
    for (const [i, share] of softmax(means).entries()) evidence[slot][candidates[i]] += share;
  }
  const zeros = rowsOf(state.theta, 0);
  return { ...after, evidence, accuracies: zeros, visits: zeros };
}

function progress(context: Context, options: Options, state: DdpnasState): Progress {
  const size = sizeOf(context, options);
  const { costs, data } = context;
  const cycles = Math.max(...costs.slots.map((row) => row.length)) - 1;
  return {
    label: state.next === "choose" || state.cycle >= cycles ? "choosing" : `cut ${state.cycle + 1} of ${cycles}`,
    classes: data.classes.length,
    alive: sum(state.alive.map((row) => row.length)),
    candidates: sum(costs.slots.map((row) => row.length)),
    stepsDone: state.stepsLearnt,
    stepsTotal: size.stepsTotal,
  };
}
