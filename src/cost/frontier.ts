import { canEndWithin, constraintsOf, type Limit } from "./budget.js";
import { type Dual, penalised, rounding, worthLeft } from "./dual.js";
import { Front } from "./front.js";
import { type Likeliest, type Option, type Options, restsOf } from "./options.js";

/** a partial architecture: the last choice, and the rest by reference */
interface Partial {
  readonly candidate: number;
  readonly before: Partial | null;
  readonly gain: number;
  readonly costs: readonly number[];
  /** its place among its contemporaries in the order of the candidates */
  order: number;
}

export interface BetterThan {
  /** only what is strictly likelier than this is looked for */
  readonly known: number;
  /** the most that the slots from `slot` on can gain, once those before have cost so much */
  readonly restBound: (slot: number, costs: readonly number[]) => number;
}

/**
 * The likeliest choice within the limits, slot by slot over the partial choices that no other one dominates. Those that
 * cannot beat a known solution are dropped by the dual's bound, so that few hundred remain of 10^26.
 *
 * @param better also use another bound, and leave aside what is not strictly better than what is known
 */
export function searchFrontier(
  options: Options,
  limits: readonly Limit[],
  dual: Dual,
  better?: BetterThan,
): Likeliest | null {
  const worths = worthsOf(options, limits, dual);
  const rests = restsOf(options);
  const known = better?.known ?? dual.reached;
  const scale = known === Number.NEGATIVE_INFINITY ? 1 : Math.abs(known);
  const slack = rounding * Math.max(1, Math.abs(worths[0]), scale);
  // ties must survive, unless only better ones are wanted
  const least = better ? known + slack : known - slack;
  const widest = Math.max(...options.map((slot) => slot.length));
  const costs = options[0][0].costs.map(() => 0);
  const nothing = costs.slice();
  let frontier: Partial[] = [{ candidate: -1, before: null, gain: 0, costs: nothing, order: 0 }];
  for (const [slot, choices] of options.entries()) {
    const after = rests[slot + 1];
    const worthAfter = worths[slot + 1];
    const extended: Partial[] = [];
    for (const partial of frontier) {
      for (let position = 0; position < choices.length; position++) {
        const option = choices[position];
        const gain = partial.gain + option.gain;
        for (let i = 0; i < costs.length; i++) costs[i] = partial.costs[i] + option.costs[i];
        if (!canEndWithin(costs, after, limits)) continue;
        if (gain + worthAfter + worthLeft(limits, dual.prices, costs) < least) continue;
        if (better && gain + better.restBound(slot + 1, costs) <= least) continue;
        const order = partial.order * widest + position;
        extended.push({ candidate: option.candidate, before: partial, gain, costs: costs.slice(), order });
      }
    }
    frontier = undominated(extended, limits);
    for (const [index, partial] of [...frontier].sort((a, b) => a.order - b.order).entries()) partial.order = index;
  }
  let best: Partial | null = null;
  for (const partial of frontier) if (best === null || compare(partial, best) < 0) best = partial;
  // a bound lets pass what is worse itself, but leaves much of a limit over
  if (better && best && best.gain <= better.known) return null;
  return best && { architecture: choicesOf(best), logProbability: best.gain };
}

/** of the slots from each one on: the sum of their best penalised gains */
function worthsOf(options: Options, limits: readonly Limit[], { prices }: Dual): number[] {
  const worths = [0];
  const worth = (option: Option) => penalised(option, limits, prices);
  for (const slot of [...options].reverse()) worths.unshift(worths[0] + Math.max(...slot.map(worth)));
  return worths;
}

/** likelier first, then cheaper, metric by metric, then in the order of the candidates */
function compare(a: Partial, b: Partial): number {
  if (a.gain !== b.gain) return b.gain - a.gain;
  for (let i = 0; i < a.costs.length; i++) if (a.costs[i] !== b.costs[i]) return a.costs[i] - b.costs[i];
  return a.order - b.order;
}

/**
 * Drops what another one dominates: at least as likely, and not worse in what is limited. Less of a metric is better under
 * a most, more is better under a least, and under both only equals compare.
 */
function undominated(partials: Partial[], limits: readonly Limit[]): Partial[] {
  // one metric by sorting, the others by what each front keeps
  const first = limits.find(({ at }) => at === 0);
  const hasLeast = first !== undefined && first.least > Number.NEGATIVE_INFINITY;
  const hasMost = first !== undefined && first.most < Number.POSITIVE_INFINITY;
  const sign = hasLeast && !hasMost ? -1 : 1;
  partials.sort((a, b) => sign * (a.costs[0] - b.costs[0]) || compare(a, b));
  const others = constraintsOf(limits.filter(({ at }) => at > 0));
  const kept: Partial[] = [];
  let front = new Front(others);
  for (const [index, partial] of partials.entries()) {
    const another = index > 0 && partials[index - 1].costs[0] !== partial.costs[0];
    if (another && hasLeast && hasMost) front = new Front(others);
    if (front.add(partial)) kept.push(partial);
  }
  return kept;
}

function choicesOf(partial: Partial): number[] {
  const reversed: number[] = [];
  for (let at: Partial | null = partial; at?.before; at = at.before) reversed.push(at.candidate);
  return reversed.reverse();
}
