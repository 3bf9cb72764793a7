import { expectedMacs } from "../cost/expected.js";
import type { CostTable } from "../domain/cost.js";
import type { GateStep } from "../domain/job.js";
import type { CostTerm, GateMode, GateOptions } from "../domain/plan.js";
import type { GateSignal } from "../domain/signal.js";
import type { Alive } from "../domain/space.js";
import { logSumExp, softmax } from "../util/numeric.js";
import type { Rng } from "../util/rng.js";
import { adam, type Moments } from "./adam.js";
import { lossSlopes } from "./cost-term.js";
import { copyRows, probabilitiesOf, type Rows, rowsOf } from "./distribution.js";

/** Architecture parameters, one per candidate, and the state of their optimizer. Those of the cut are 0. */
export interface Parameters {
  readonly alphas: Rows;
  readonly moments: Moments;
}

/** all alike: every slot starts uniform */
export function startParameters(widths: Rows): Parameters {
  const zeros = rowsOf(widths, 0);
  return { alphas: zeros, moments: { first: zeros, second: zeros, count: 0 } };
}

/** The moments of the cut vanish, the survivors keep theirs; softmax over the survivors renormalises. */
export function keepOnly({ alphas, moments }: Parameters, alive: Alive): Parameters {
  const kept = (rows: Rows) =>
    rows.map((row, slot) => row.map((value, candidate) => (alive[slot].includes(candidate) ? value : 0)));
  return { alphas: kept(alphas), moments: { ...moments, first: kept(moments.first), second: kept(moments.second) } };
}

/**
 * Draws the gates of one step. two-path [C]: two candidates without replacement ~ softmax(alpha), of which one is active
 * ~ softmax over the two. full [C]: the active one ~ softmax(alpha), all others alive are its alternatives.
 *
 * @param probabilities of all that is alive
 */
export function drawGates(rng: Rng, probabilities: Rows, alive: Alive, mode: GateMode, batch: number): GateStep {
  const architecture: number[] = [];
  const alternatives: number[][] = [];
  for (const [slot, row] of probabilities.entries()) {
    const first = rng.pick(row);
    if (mode === "full" || alive[slot].length === 1) {
      architecture.push(first);
      alternatives.push(alive[slot].filter((candidate) => candidate !== first));
      continue;
    }
    const second = pickAnother(rng, row, alive[slot], first);
    const swap = rng.next() * (row[first] + row[second]) < row[second];
    architecture.push(swap ? second : first);
    alternatives.push([swap ? first : second]);
  }
  return { architecture, alternatives, batch };
}

function pickAnother(rng: Rng, row: readonly number[], alive: readonly number[], first: number): number {
  const others = alive.filter((candidate) => candidate !== first);
  const weights = others.map((candidate) => row[candidate]);
  // where one candidate has all the probability that a double can hold, the rest are alike
  return others[weights.some((weight) => weight > 0) ? rng.pick(weights) : rng.int(others.length)];
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
  return p.map((probability, i) => probability * (gates[i] - average));
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
 * One gate step: from what the worker measured to new architecture parameters.
 *
 * E is linear in the gates, dE/dg_j = MACs_j, so the cost enters as a further gate gradient and takes the same way as the
 * cross-entropy: in two-path mode over the pair alone, with its own softmax, as ProxylessNAS' `current_prob_over_ops` has
 * it [C]. The *value* of E, which decides the hinge and the ratio of log-power, is taken under all probabilities rather
 * than the pair's as there: the same quantity with less noise [O].
 *
 * Two-path, after the update: the pair is shifted by ln sum exp(new) - ln sum exp(old), so that candidates not drawn keep
 * their probability [C]. Their moments go on with gradient zero, as torch's Adam does it [C]; the step which momentum
 * would give them (beta1 > 0, not the paper's) is not taken [O].
 */
export function gateUpdate(
  rules: GateRules,
  before: Parameters,
  alive: Alive,
  step: GateStep,
  signal: GateSignal,
): Parameters {
  const { table, term, mode, options } = rules;
  const expected = term.form === "none" ? 0 : expectedMacs(table, probabilitiesOf(before.alphas, alive));
  const slopes = lossSlopes(term, rules.costActs, signal.loss, expected, rules.classes);
  const gradients = rowsOf(before.alphas, 0);
  const involved = step.architecture.map((active, slot) => [active, ...step.alternatives[slot]]);
  for (const [slot, candidates] of involved.entries()) {
    if (candidates.length === 1) continue;
    const p = softmax(candidates.map((candidate) => before.alphas[slot][candidate]));
    const gates = candidates.map(
      (candidate, i) =>
        slopes.perCrossEntropy * signal.gradients[slot][i] + slopes.perMac * table.slots[slot][candidate].macs,
    );
    for (const [i, gradient] of gateGradient(p, gates).entries()) gradients[slot][candidates[i]] = gradient;
  }
  const { moments, steps } = adam(options, before.moments, gradients);
  const alphas = copyRows(before.alphas);
  for (const [slot, candidates] of involved.entries()) {
    if (candidates.length === 1) continue;
    const old = candidates.map((candidate) => alphas[slot][candidate]);
    const moved = candidates.map((candidate, i) => old[i] - steps[slot][candidate]);
    const shift = mode === "two-path" ? logSumExp(moved) - logSumExp(old) : 0;
    for (const [i, candidate] of candidates.entries()) alphas[slot][candidate] = moved[i] - shift;
  }
  return { alphas, moments };
}
