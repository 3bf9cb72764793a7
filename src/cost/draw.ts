import type { Budget, CostTable } from "../domain/cost.js";
import type { Alive, Architecture } from "../domain/space.js";
import type { Rng } from "../util/rng.js";
import { withinBudget } from "./extremes.js";
import { architectureCost } from "./table.js";

/** how often a draw may be refused before we say that the budget is practically out of reach */
const attempts = 100_000;

/**
 * Draws an architecture from the product of the slots' distributions, given that it is within the budget: exact, by
 * rejection [R]. Where the budget is tight, plain rejection would take for ever, so the proposal is tilted towards cheap
 * candidates, q(o) ~ p(o) exp(-u MACs(o)), and a draw a is taken with probability exp(u (MACs(a) - limit)): the product is
 * p(a) again, up to a constant.
 *
 * @param probabilities [slot][candidate]; those not alive are left out
 * @returns null where nothing within the budget was met
 */
export function drawWithin(
  rng: Rng,
  table: CostTable,
  probabilities: readonly (readonly number[])[],
  alive: Alive,
  budget: Budget,
): Architecture | null {
  const limit = budget.maxMacs === null ? null : budget.maxMacs - table.fixed.macs;
  const tilt = limit === null ? 0 : tiltFor(table, probabilities, alive, limit);
  const weights = alive.map((candidates, slot) => tilted(table, probabilities, candidates, slot, tilt));
  for (let attempt = 0; attempt < attempts; attempt++) {
    const architecture = alive.map((candidates, slot) => candidates[rng.pick(weights[slot])]);
    const cost = architectureCost(table, architecture);
    if (!withinBudget(cost, budget)) continue;
    if (tilt === 0 || limit === null) return architecture;
    if (rng.next() < Math.exp(tilt * (cost.macs - table.fixed.macs - limit))) return architecture;
  }
  return null;
}

/** p(o) exp(-u MACs(o)) of one slot's alive candidates; the largest exponent is taken out, so nothing underflows */
function tilted(
  table: CostTable,
  probabilities: readonly (readonly number[])[],
  candidates: readonly number[],
  slot: number,
  tilt: number,
): number[] {
  const least = Math.min(...candidates.map((candidate) => table.slots[slot][candidate].macs));
  return candidates.map(
    (candidate) => probabilities[slot][candidate] * Math.exp(-tilt * (table.slots[slot][candidate].macs - least)),
  );
}

/** the tilt under which the mean of the MACs is the limit; 0 where it is below anyway */
function tiltFor(
  table: CostTable,
  probabilities: readonly (readonly number[])[],
  alive: Alive,
  limit: number,
): number {
  const mean = (tilt: number): number =>
    alive.reduce((sum, candidates, slot) => {
      const weights = tilted(table, probabilities, candidates, slot, tilt);
      const total = weights.reduce((a, b) => a + b, 0);
      return sum + candidates.reduce((a, o, i) => a + (weights[i] / total) * table.slots[slot][o].macs, 0);
    }, 0);
  if (mean(0) <= limit) return 0;
  let low = 0;
  let high = 1 / Math.max(1, limit);
  while (mean(high) > limit && high < 1) high *= 2;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (mean(middle) > limit) low = middle;
    else high = middle;
  }
  return high;
}
