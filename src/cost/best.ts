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
 * Among equally likely ones the one with fewer MACs is taken (under both a least and a most number of MACs: any, but always
 * the same): a replay on another machine must choose the same.
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
  const solve = (limits: Budget): Likeliest | null => {
    const constraints = constraintsOf(table, limits);
    return search(options, constraints, solveDual(table, options, constraints, limits), limits);
  };
  if (budget.minMacs === null) return solve(budget);
  // a window of MACs has little dominance to prune by; mostly one of its two ends alone already decides
  let known: Likeliest | null = null;
  for (const relaxed of [
    { ...budget, minMacs: null },
    { ...budget, maxMacs: null },
  ]) {
    const best = solve(relaxed);
    if (best === null || withinBudget(architectureCost(table, best.architecture), budget)) return best;
    const near = bestNear(table, options, best.architecture, budget);
    if (near && near.logProbability > (known?.logProbability ?? Number.NEGATIVE_INFINITY)) known = near;
  }
  const constraints = constraintsOf(table, budget);
  const dual = solveDual(table, options, constraints, budget);
  if (known === null || known.logProbability < dual.reached) return search(options, constraints, dual, budget);
  // only what is strictly better is looked for: among ties there may be astronomically many sums of MACs
  const rounding = 1e-9 * Math.max(1, Math.abs(known.logProbability));
  const better = search(options, constraints, { ...dual, reached: known.logProbability + 2 * rounding }, budget);
  return better && better.logProbability > known.logProbability ? better : known;
}

/** the likeliest within the budget that differs from an architecture in at most two slots: a bound to prune by */
function bestNear(table: CostTable, options: Option[][], architecture: Architecture, budget: Budget): Likeliest | null {
  const chosen = options.map((slot, index) => slot.find((option) => option.candidate === architecture[index]) as Option);
  const changes = options.flatMap((slot, index) => slot.map((option) => ({ index, option })));
  const base = architectureCost(table, architecture);
  let best: Likeliest | null = null;
  for (const [i, a] of changes.entries()) {
    for (const b of changes.slice(i)) {
      if (a.index === b.index && a.option !== b.option) continue;
      const once = a.option === b.option;
      const delta = (key: "macs" | "params") =>
        a.option[key] - chosen[a.index][key] + (once ? 0 : b.option[key] - chosen[b.index][key]);
      if (!withinBudget({ macs: base.macs + delta("macs"), params: base.params + delta("params") }, budget)) continue;
      const changed = [...chosen];
      changed[a.index] = a.option;
      changed[b.index] = b.option;
      const logProbability = sumInOrder(changed);
      if (best !== null && logProbability <= best.logProbability) continue;
      best = { architecture: changed.map(({ candidate }) => candidate), logProbability };
    }
  }
  return best;
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
      let high = 1e-15;
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
 * Drops what another one dominates: at least as likely, and not worse in what the budget limits. Fewer MACs are better
 * under a most, more are better under a least, and under both only equals compare.
 */
function undominated(partials: Partial[], budget: Budget): Partial[] {
  const moreIsBetter = budget.maxMacs === null && budget.minMacs !== null;
  const sign = moreIsBetter ? -1 : 1;
  partials.sort((a, b) => sign * (a.macs - b.macs) || b.gain - a.gain || a.params - b.params);
  const window = budget.maxMacs !== null && budget.minMacs !== null;
  const kept: Partial[] = [];
  let front = new Front(budget.maxParams !== null);
  for (const [index, partial] of partials.entries()) {
    if (window && index > 0 && partials[index - 1].macs !== partial.macs) front = new Front(budget.maxParams !== null);
    if (front.add(partial)) kept.push(partial);
  }
  return moreIsBetter ? kept.reverse() : kept;
}

/** the best gains so far by parameters: params and gains both ascending */
class Front {
  private readonly params: number[] = [];
  private readonly gains: number[] = [];
  constructor(private readonly limitsParams: boolean) {}

  /** @returns whether nothing so far dominates it */
  add({ params: own, gain }: Partial): boolean {
    const params = this.limitsParams ? own : 0;
    // the last entry with no more parameters
    let low = 0;
    let high = this.params.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.params[middle] <= params) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && this.gains[low - 1] >= gain) return false;
    let end = low;
    while (end < this.gains.length && this.gains[end] <= gain) end++;
    const start = low > 0 && this.params[low - 1] === params ? low - 1 : low;
    this.params.splice(start, end - start, params);
    this.gains.splice(start, end - start, gain);
    return true;
  }
}

function choices(partial: Partial): number[] {
  const reversed: number[] = [];
  for (let at: Partial | null = partial; at?.before; at = at.before) reversed.push(at.candidate);
  return reversed.reverse();
}
