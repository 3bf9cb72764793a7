import { widen } from "../cost/written.js";
import type { Cut } from "../domain/decision.js";
import { DanasError } from "../domain/errors.js";
import type { Context } from "../domain/program.js";
import type { Alive } from "../domain/space.js";
import type { Distribution } from "./distributions/distribution.js";
import type { Tally } from "./tally.js";

export interface Pruning {
  readonly cuts: readonly Cut[];
  readonly alive: Alive;
}

/**
 * Cuts the lowest-scored candidates of each slot. Where what would be left has no network within the budget, the most
 * likely network within the budget is spared, and the next lowest go in its place [O]: a search must not prune itself out
 * of every answer. A spared candidate can be lower than any that was cut, so margins count from the lowest survivor that
 * was not spared.
 *
 * @param quota how many of so many alive are to go; fewer than all
 */
export function cutWeakest(
  context: Context,
  distribution: Distribution,
  tally: Tally,
  quota: (alive: number) => number,
): Pruning {
  const { costs, plan } = context;
  const plain = cutSparing(context, distribution, tally, quota, null);
  if (distribution.likeliest(costs, plan.budget, plain.alive)) return plain;
  const affordable = distribution.likeliest(costs, plan.budget, distribution.alive);
  if (affordable === null) throw budgetUnreachable();
  return cutSparing(context, distribution, tally, quota, affordable.architecture);
}

export const budgetUnreachable = () =>
  new DanasError("E_BUDGET_UNREACHABLE", "no network of the space is within the budget", {
    hint: `${widen.most}, ${widen.least}, or use another space`,
  });

function cutSparing(
  context: Context,
  { alive, scores }: Distribution,
  tally: Tally,
  quota: (alive: number) => number,
  spared: readonly number[] | null,
): Pruning {
  const cuts: Cut[] = [];
  const left = alive.map((candidates, slot) => {
    const row = scores[slot];
    // lowest first, ties by index: a replay on another machine must cut the same block
    const ordered = candidates
      .filter((candidate) => candidate !== spared?.[slot])
      .sort((a, b) => row[a] - row[b] || a - b);
    const gone = ordered.slice(0, quota(candidates.length));
    // where all but the spared one go, it is the survivor
    const survivor = ordered[gone.length] ?? spared?.[slot];
    for (const candidate of gone) {
      cuts.push({
        slot,
        candidate,
        probability: row[candidate],
        survivor: survivor as number,
        margin: row[survivor as number] - row[candidate],
        timesTrained: tally.trained[slot][candidate],
        timesGated: tally.gated[slot][candidate],
        macs: context.costs.slots[slot][candidate].macs,
      });
    }
    return candidates.filter((candidate) => !gone.includes(candidate));
  });
  return { cuts, alive: left };
}
