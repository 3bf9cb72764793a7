import type { Budget, CostTable } from "../domain/cost.js";
import type { Alive, Architecture } from "../domain/space.js";
import { withinBudget } from "./extremes.js";
import { architectureCost } from "./table.js";

export interface Likeliest {
  readonly architecture: Architecture;
  /** sum over slots of the log-probability of the choice, nats */
  readonly logProbability: number;
}

/**
 * The most likely architecture within a budget, exactly: a multiple-choice knapsack, solved slot by slot over the partial
 * architectures that no other one dominates. Partial ones that cannot beat a known solution are dropped by a Lagrangian
 * bound [R]: for multipliers u >= 0 no completion is better than logP + u . (limit - used) + the rest's best of
 * (log p - u . cost). At the best u the bound is nearly tight, so that few hundred partial ones remain of 10^26.
 *
 * Among equally likely ones the one with fewer MACs is taken; a replay on another machine must choose the same.
 *
 * @param logProbabilities [slot][candidate]; -Infinity = impossible
 * @returns null where no architecture alive is within the budget
 */
export function mostLikelyWithin(
  table: CostTable,
  logProbabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget,
): Likeliest | null {
  const options = alive.map((candidates, slot) =>
    candidates
      .filter((candidate) => logProbabilities[slot][candidate] > Number.NEGATIVE_INFINITY)
      .map((candidate) => ({ candidate, gain: logProbabilities[slot][candidate], ...table.slots[slot][candidate] })),
  );
  if (options.some((slot) => slot.length === 0)) return null;
  const constraints = constraintsOf(table, budget);
  const dual = solveDual(table, options, constraints, budget);
  return search(options, constraints, dual, budget);
}

interface Option {
  readonly candidate: number;
  readonly gain: number;
  readonly macs: number;
  readonly params: number;
}

/** sum of use <= limit, over the slots alone */
interface Constraint {
  readonly use: (option: { macs: number; params: number }) => number;
  readonly limit: number;
}

function constraintsOf(table: CostTable, budget: Budget): Constraint[] {
  const constraints: Constraint[] = [];
  const { fixed } = table;
  if (budget.maxMacs !== null) constraints.push({ use: (o) => o.macs, limit: budget.maxMacs - fixed.macs });
  if (budget.maxParams !== null) constraints.push({ use: (o) => o.params, limit: budget.maxParams - fixed.params });
  if (budget.minMacs !== null) constraints.push({ use: (o) => -o.macs, limit: fixed.macs - budget.minMacs });
  return constraints;
}

interface Dual {
  readonly multipliers: readonly number[];
  /** log-probability of the best solution met on the way; -Infinity where none was */
  readonly reached: number;
}

/** minimises the Lagrangian dual, one multiplier at a time, by bisection on its slope */
function solveDual(table: CostTable, options: Option[][], constraints: Constraint[], budget: Budget): Dual {
  const multipliers = constraints.map(() => 0);
  let reached = Number.NEGATIVE_INFINITY;
  const penalised = (option: Option) =>
    constraints.reduce((sum, { use }, index) => sum - multipliers[index] * use(option), option.gain);
  /** solves the relaxed problem; returns how much of each limit is left */
  const solve = (): number[] => {
    const chosen = options.map((slot) => slot.reduce((best, option) => (penalised(option) > penalised(best) ? option : best)));
    const architecture = chosen.map(({ candidate }) => candidate);
    if (withinBudget(architectureCost(table, architecture), budget)) {
      reached = Math.max(reached, sumInOrder(chosen));
    }
    return constraints.map(({ use, limit }) => limit - chosen.reduce((sum, option) => sum + use(option), 0));
  };
  const sweeps = constraints.length > 1 ? 4 : 1;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const index of constraints.keys()) {
      multipliers[index] = 0;
      if (solve()[index] >= 0) continue;
      let low = 0;
      let high = 1e-9;
      multipliers[index] = high;
      while (solve()[index] < 0 && high < 1e12) {
        low = high;
        high *= 4;
        multipliers[index] = high;
      }
      for (let i = 0; i < 40; i++) {
        multipliers[index] = (low + high) / 2;
        if (solve()[index] < 0) low = multipliers[index];
        else high = multipliers[index];
      }
      multipliers[index] = high;
    }
  }
  return { multipliers, reached };
}

/** adds in the order of the slots, so that equal choices give equal sums bit for bit */
function sumInOrder(chosen: readonly Option[]): number {
  let sum = 0;
  for (const { gain } of chosen) sum += gain;
  return sum;
}

/** a partial architecture: the last choice, and the rest by reference */
interface Partial {
  readonly candidate: number;
  readonly before: Partial | null;
  readonly gain: number;
  readonly macs: number;
  readonly params: number;
}

function search(options: Option[][], constraints: Constraint[], dual: Dual, budget: Budget): Likeliest | null {
  const { multipliers } = dual;
  const slots = options.length;
  // per suffix: best penalised gain, and least use of each limit
  const restGain = new Array<number>(slots + 1).fill(0);
  const restUse = constraints.map(() => new Array<number>(slots + 1).fill(0));
  for (let slot = slots - 1; slot >= 0; slot--) {
    const gains = options[slot].map((option) =>
      constraints.reduce((sum, { use }, index) => sum - multipliers[index] * use(option), option.gain),
    );
    restGain[slot] = restGain[slot + 1] + Math.max(...gains);
    for (const [index, { use }] of constraints.entries()) {
      restUse[index][slot] = restUse[index][slot + 1] + Math.min(...options[slot].map(use));
    }
  }
  // the bound is a sum in another order than the solution's: leave room for rounding, ties must survive
  const slack = 1e-9 * Math.max(1, Math.abs(restGain[0]), Math.abs(dual.reached));
  let frontier: Partial[] = [{ candidate: -1, before: null, gain: 0, macs: 0, params: 0 }];
  for (let slot = 0; slot < slots; slot++) {
    const extended: Partial[] = [];
    for (const partial of frontier) {
      for (const { candidate, gain, macs, params } of options[slot]) {
        const next = {
          candidate,
          before: partial,
          gain: partial.gain + gain,
          macs: partial.macs + macs,
          params: partial.params + params,
        };
        let bound = next.gain + restGain[slot + 1];
        let feasible = true;
        for (const [index, { use, limit }] of constraints.entries()) {
          const left = limit - use(next);
          if (left < restUse[index][slot + 1]) feasible = false;
          bound += multipliers[index] * left;
        }
        if (feasible && bound >= dual.reached - slack) extended.push(next);
      }
    }
    frontier = undominated(extended, budget);
  }
  // undominated() leaves them by MACs, ascending: the first of the likeliest has the fewest
  let best: Partial | null = null;
  for (const partial of frontier) if (best === null || partial.gain > best.gain) best = partial;
  return best && { architecture: choices(best), logProbability: best.gain };
}

/**
 * Drops what another one dominates: at least as likely, and not worse in what the budget limits. Where a least number of
 * MACs is asked for, fewer is not better, so only equals compare.
 */
function undominated(partials: Partial[], budget: Budget): Partial[] {
  partials.sort((a, b) => a.macs - b.macs || b.gain - a.gain || a.params - b.params);
  const kept: Partial[] = [];
  if (budget.minMacs === null && budget.maxParams === null) {
    let best = Number.NEGATIVE_INFINITY;
    for (const partial of partials) {
      if (partial.gain <= best) continue;
      best = partial.gain;
      kept.push(partial);
    }
    return kept;
  }
  for (const partial of partials) {
    const dominated = kept.some(
      (other) =>
        other.gain >= partial.gain &&
        (budget.minMacs === null || other.macs === partial.macs) &&
        (budget.maxParams === null || other.params <= partial.params),
    );
    if (!dominated) kept.push(partial);
  }
  return kept;
}

function choices(partial: Partial): number[] {
  const reversed: number[] = [];
  for (let at: Partial | null = partial; at?.before; at = at.before) reversed.push(at.candidate);
  return reversed.reverse();
}
