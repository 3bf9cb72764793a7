import type { Likeliest, Option } from "./best.js";
import type { Limits } from "./budget.js";
import { type Dual, penalised, rounding, worthLeft } from "./dual.js";

/** a partial architecture: the last choice, and the rest by reference */
interface Partial {
  readonly candidate: number;
  readonly before: Partial | null;
  readonly gain: number;
  readonly macs: number;
  readonly params: number;
  /** its place among its contemporaries in the order of the candidates */
  order: number;
}

export interface BetterThan {
  /** only what is strictly likelier than this is looked for */
  readonly known: number;
  /** the most that the slots from `slot` on can gain, once those before have used so much */
  readonly restBound: (slot: number, macs: number, params: number) => number;
}

/**
 * The likeliest choice within the limits, slot by slot over the partial choices that no other one dominates. Those that
 * cannot beat a known solution are dropped by the dual's bound, so that few hundred remain of 10^26.
 *
 * @param better also use another bound, and leave aside what is not strictly better than what is known
 */
export function searchFrontier(
  options: readonly (readonly Option[])[],
  limits: Limits,
  dual: Dual,
  better?: BetterThan,
): Likeliest | null {
  const rest = restsOf(options, dual);
  const known = better?.known ?? dual.reached;
  const scale = known === Number.NEGATIVE_INFINITY ? 1 : Math.abs(known);
  const slack = rounding * Math.max(1, Math.abs(rest[0].worth), scale);
  // ties must survive, unless only better ones are wanted
  const least = better ? known + slack : known - slack;
  const widest = Math.max(...options.map((slot) => slot.length));
  let frontier: Partial[] = [{ candidate: -1, before: null, gain: 0, macs: 0, params: 0, order: 0 }];
  for (const [slot, choices] of options.entries()) {
    const after = rest[slot + 1];
    const extended: Partial[] = [];
    for (const partial of frontier) {
      for (const [position, option] of choices.entries()) {
        const gain = partial.gain + option.gain;
        const macs = partial.macs + option.macs;
        const params = partial.params + option.params;
        if (macs + after.fewestMacs > limits.mostMacs || macs + after.mostMacs < limits.leastMacs) continue;
        if (params + after.fewestParams > limits.mostParams) continue;
        if (gain + after.worth + worthLeft(limits, dual, macs, params) < least) continue;
        if (better && gain + better.restBound(slot + 1, macs, params) <= least) continue;
        const order = partial.order * widest + position;
        extended.push({ candidate: option.candidate, before: partial, gain, macs, params, order });
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

/** of the slots from one on */
interface Rest {
  /** best penalised gain */
  readonly worth: number;
  readonly fewestMacs: number;
  readonly mostMacs: number;
  readonly fewestParams: number;
}

function restsOf(options: readonly (readonly Option[])[], dual: Dual): Rest[] {
  const rests: Rest[] = [{ worth: 0, fewestMacs: 0, mostMacs: 0, fewestParams: 0 }];
  for (const slot of [...options].reverse()) {
    const [after] = rests;
    rests.unshift({
      worth: after.worth + Math.max(...slot.map((option) => penalised(option, dual))),
      fewestMacs: after.fewestMacs + Math.min(...slot.map(({ macs }) => macs)),
      mostMacs: after.mostMacs + Math.max(...slot.map(({ macs }) => macs)),
      fewestParams: after.fewestParams + Math.min(...slot.map(({ params }) => params)),
    });
  }
  return rests;
}

/** likelier first, then cheaper, then in the order of the candidates */
const compare = (a: Partial, b: Partial): number =>
  b.gain - a.gain || a.macs - b.macs || a.params - b.params || a.order - b.order;

/**
 * Drops what another one dominates: at least as likely, and not worse in what is limited. Fewer MACs are better under a
 * most, more are better under a least, and under both only equals compare.
 */
function undominated(partials: Partial[], { leastMacs, mostMacs, mostParams }: Limits): Partial[] {
  const hasLeast = leastMacs > Number.NEGATIVE_INFINITY;
  const hasMost = mostMacs < Number.POSITIVE_INFINITY;
  const sign = hasLeast && !hasMost ? -1 : 1;
  partials.sort((a, b) => sign * (a.macs - b.macs) || compare(a, b));
  const kept: Partial[] = [];
  const limitsParams = mostParams < Number.POSITIVE_INFINITY;
  let front = new Front(limitsParams);
  for (const [index, partial] of partials.entries()) {
    const another = index > 0 && partials[index - 1].macs !== partial.macs;
    if (another && hasLeast && hasMost) front = new Front(limitsParams);
    if (front.add(partial)) kept.push(partial);
  }
  return kept;
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

function choicesOf(partial: Partial): number[] {
  const reversed: number[] = [];
  for (let at: Partial | null = partial; at?.before; at = at.before) reversed.push(at.candidate);
  return reversed.reverse();
}
