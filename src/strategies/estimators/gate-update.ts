import { expectedOf } from "../../cost/expected.js";
import type { CostTable } from "../../domain/cost.js";
import type { GateStep } from "../../domain/job.js";
import type { CostTerm } from "../../domain/plan.js";
import type { GateSignal } from "../../domain/signal.js";
import type { Alive } from "../../domain/space.js";
import type { GateMode, GateOptions } from "../../options/gate.js";
import { logSumExp, softmax } from "../../util/numeric.js";
import type { Rng } from "../../util/rng.js";
import { copyRows, drawFrom, type Rows } from "../distributions/rows.js";
import { type Parameters, probabilitiesOf } from "../distributions/softmax.js";
import { adam } from "./adam.js";
import { lossSlopes } from "./cost-term.js";

/**
 * Draws the gates of one step. two-path [C]: two candidates without replacement ~ softmax(alpha), of which one is active
 * ~ softmax over the two. full [C]: the active one ~ softmax(alpha), all others alive are its alternatives.
 *
 * @param probabilities of all that is alive
 */
export function drawGates(rng: Rng, probabilities: Rows, alive: Alive, mode: GateMode, batch: number): GateStep {
  const architecture: number[] = [];
  const alternatives: number[][] = [];
  for (let slot = 0; slot < probabilities.length; slot++) {
    const row = probabilities[slot];
    const first = drawFrom(rng, row, 1);
    if (mode === "full" || alive[slot].length === 1) {
      architecture.push(first);
      alternatives.push(alive[slot].filter((candidate) => candidate !== first));
      continue;
    }
    const second = drawAnother(rng, row, alive[slot], first);
    const swap = rng.next() * (row[first] + row[second]) < row[second];
    architecture.push(swap ? second : first);
    alternatives.push([swap ? first : second]);
  }
  return { architecture, alternatives, batch };
}

function drawAnother(rng: Rng, row: readonly number[], alive: readonly number[], first: number): number {
  let rest = 0;
  for (const candidate of alive) if (candidate !== first) rest += row[candidate];
  if (rest > 0) return drawFrom(rng, row, rest, first);
  // one candidate has all the probability that a double can hold: the rest are alike
  const others = alive.filter((candidate) => candidate !== first);
  return others[rng.int(others.length)];
}

/**
 * dL/dalpha_i = sum_j dL/dg_j p_j (delta_ij - p_i) = p_i (dL/dg_i - sum_j p_j dL/dg_j), over the candidates involved in a
 * gate step: the pair in two-path mode, all alive in full mode [C, ProxylessNAS].
 *
 * @param p softmax over the involved
 * @param gates dL/dg of the involved
 */
export function gateGradient(p: readonly number[], gates: readonly number[]): number[] {
  let average = 0;
  for (let j = 0; j < p.length; j++) average += p[j] * gates[j];
  const gradient = gates.slice();
  for (let i = 0; i < p.length; i++) gradient[i] = p[i] * (gates[i] - average);
  return gradient;
}

export interface GateRules {
  readonly mode: GateMode;
  readonly options: GateOptions;
  readonly term: CostTerm;
  /** whether the cost term acts in this round */
  readonly costActs: boolean;
  /** classes in the data */
  readonly classes: number;
  readonly table: CostTable;
}

/**
 * Gate steps: from what the worker measured to new architecture parameters.
 *
 * E is linear in the gates, dE/dg_j = cost_j, so the cost enters as a further gate gradient and takes the same way as the
 * cross-entropy: in two-path mode over the pair alone, with its own softmax, as ProxylessNAS' `current_prob_over_ops` has
 * it [C]. The *value* of E, which decides the hinge and the ratio of log-power, is taken under all probabilities rather
 * than the pair's as there: the same quantity with less noise [O].
 *
 * Two-path, after the update: the pair is shifted by ln sum exp(new) - ln sum exp(old), so that candidates not drawn keep
 * their probability [C]. Their moments go on with gradient zero, as torch's Adam does it [C]; the step which momentum
 * would give them (beta1 > 0, not the paper's) is not taken [O].
 *
 * @param signals the answers to `steps`, in their order
 */
export function gateUpdate(
  rules: GateRules,
  before: Parameters,
  alive: Alive,
  steps: readonly GateStep[],
  signals: readonly GateSignal[],
): Parameters {
  const after = {
    alphas: copyRows(before.alphas),
    first: copyRows(before.moments.first),
    second: copyRows(before.moments.second),
    count: before.moments.count,
  };
  for (const [index, step] of steps.entries()) moveOn(rules, after, alive, step, signals[index]);
  const { alphas, ...moments } = after;
  return { alphas, moments };
}

interface Moving {
  readonly alphas: number[][];
  readonly first: number[][];
  readonly second: number[][];
  count: number;
}

function moveOn(rules: GateRules, moving: Moving, alive: Alive, step: GateStep, signal: GateSignal): void {
  const { table, term, mode, options } = rules;
  const { alphas, first, second } = moving;
  moving.count++;
  const expected = term.form === "none" ? 0 : expectedOf(table, term.metric, probabilitiesOf(alphas, alive));
  const slopes = lossSlopes(term, rules.costActs, signal.loss, expected, rules.classes);
  for (let slot = 0; slot < alphas.length; slot++) {
    if (alive[slot].length === 1) continue;
    const candidates = [step.architecture[slot], ...step.alternatives[slot]];
    const row = alphas[slot];
    const measured = signal.gradients[slot];
    const old: number[] = [];
    const gates: number[] = [];
    for (let i = 0; i < candidates.length; i++) {
      old.push(row[candidates[i]]);
      gates.push(slopes.perCrossEntropy * measured[i] + slopes.perUnit * table.slots[slot][candidates[i]][term.metric]);
    }
    const gradient = gateGradient(softmax(old), gates);
    const steps = row.slice().fill(0);
    for (let i = 0; i < candidates.length; i++) steps[candidates[i]] = gradient[i];
    adam(options, moving.count, first[slot], second[slot], steps);
    for (const candidate of candidates) row[candidate] -= steps[candidate];
    if (mode === "full") continue;
    const shift = logSumExp(candidates.map((candidate) => row[candidate])) - logSumExp(old);
    for (const candidate of candidates) row[candidate] -= shift;
  }
}
