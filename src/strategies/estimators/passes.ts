import type { Context } from "../../domain/program.js";
import type { Alive, Architecture } from "../../domain/space.js";
import { softmax } from "../../util/numeric.js";
import { evaluateJob } from "../choosers/choice.js";
import { searchRng } from "../course/streams.js";
import { copyRows, type Rows, rowsOf, type Widths } from "../distributions/rows.js";
import type { Estimator } from "./estimator.js";

export interface Passes {
  /** before the round's end */
  readonly passes: number;
  readonly stepsPerPath: number;
  readonly sharpness: number;
  readonly momentum: number;
}

/** what the passes of a round have shown so far */
export interface Visits {
  /** paths measured */
  readonly paths: number;
  /** of the open pass: sum of accuracies and visits, [slot][candidate] */
  readonly accuracies: Rows;
  readonly visits: Rows;
  /** sum over the finished passes of softmax(sharpness a) */
  readonly evidence: Rows;
}

/** the longest slot: a pass has as many paths */
export const widest = (widths: Widths): number => Math.max(...widths.map((row) => row.length));

/**
 * Passes over all that is alive, a path at a time: trained for some steps, then measured. At the end of the last one
 * theta = mean over passes of softmax(sharpness a) + momentum theta.
 */
export function passesOfPaths({ passes, stepsPerPath, sharpness, momentum }: Passes): Estimator<Rows, Visits> {
  return {
    begin(widths) {
      const zeros = rowsOf(widths, 0);
      return { paths: 0, accuracies: zeros, visits: zeros, evidence: zeros };
    },
    // a block of weight steps never reaches into the next path: there is a question in between
    paths({ context, round, alive }, step, count) {
      const path = [{ architecture: pathOf(context, round.index, alive, Math.floor(step / stepsPerPath)), weight: 1 }];
      return Array.from({ length: count }, () => path);
    },
    questions: {
      streams: () => [],
      every: stepsPerPath,
      together: false,
      ask: ({ context, round, alive }, turn) =>
        evaluateJob(context.plan, pathOf(context, round.index, alive, turn), round.train),
      learn({ alive, parameters: theta, memory, round, learnt }, job, signal) {
        if (job.kind !== "evaluate" || signal.kind !== "evaluate") throw new Error(`no measured path: ${job.kind}`);
        const [{ accuracy }] = signal.results;
        const after = visit(memory, job.architectures[0], accuracy, alive, sharpness);
        const last = after.paths === passes * widest(alive);
        const moved = (row: readonly number[], slot: number) =>
          row.map((value, o) => after.evidence[slot][o] / passes + momentum * value);
        return {
          parameters: last ? theta.map(moved) : theta,
          memory: after,
          decisions: [{ type: "report", series: "path-valid-accuracy", epoch: round.epochAt(learnt), value: accuracy }],
        };
      },
    },
  };
}

/** the path of this visit: in each slot the next candidate of the pass's order */
function pathOf({ plan }: Context, round: number, alive: Alive, path: number): Architecture {
  const length = widest(alive);
  const [pass, visited] = [Math.floor(path / length), path % length];
  const orders = searchRng(plan).fork("pass").fork(round).fork(pass);
  return alive.map((candidates, slot) => {
    const lap = Math.floor(visited / candidates.length);
    return orders.fork(slot).fork(lap).shuffle(candidates)[visited % candidates.length];
  });
}

function visit(before: Visits, path: Architecture, accuracy: number, alive: Alive, sharpness: number): Visits {
  const [accuracies, visits] = [copyRows(before.accuracies), copyRows(before.visits)];
  for (const [slot, candidate] of path.entries()) {
    accuracies[slot][candidate] += accuracy;
    visits[slot][candidate]++;
  }
  const paths = before.paths + 1;
  if (paths % widest(alive) !== 0) return { ...before, paths, accuracies, visits };
  const evidence = copyRows(before.evidence);
  for (const [slot, candidates] of alive.entries()) {
    const means = candidates.map((o) => (sharpness * accuracies[slot][o]) / visits[slot][o]);
    for (const [i, share] of softmax(means).entries()) evidence[slot][candidates[i]] += share;
  }
  const zeros = rowsOf(evidence, 0);
  return { paths, accuracies: zeros, visits: zeros, evidence };
}
