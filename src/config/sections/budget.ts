import { z } from "zod";
import { mostLikelyWithin } from "../../cost/best.js";
import { checkReachable } from "../../cost/extremes.js";
import type { Budget, CostTable } from "../../domain/cost.js";
import { allAlive, type Space } from "../../domain/space.js";
import { type Amount, amount, readAmount, writeAmount } from "../../options/scalars.js";
import { type Filling, located } from "../context.js";
import type { Path } from "../document.js";

export const budgetSchema = z
  .strictObject({
    maxMacs: amount.optional().describe("Multiply-adds for one image, at most."),
    minMacs: amount.optional().describe("Multiply-adds for one image, at least."),
    maxParams: amount.optional().describe("Parameters, at most."),
  })
  .prefault({})
  .describe("What the network may cost. What tools call FLOPs is often twice the MACs.");

/** a limit that is left out is none */
export type CompleteBudget = { readonly [limit in keyof z.output<typeof budgetSchema>]?: Amount };

export const fillBudget = (budget: z.output<typeof budgetSchema>): CompleteBudget =>
  Object.fromEntries(
    Object.entries(budget).flatMap(([limit, value]) => (value === undefined ? [] : [[limit, writeAmount(value)]])),
  );

export function planBudget({ maxMacs, minMacs, maxParams }: CompleteBudget): Budget {
  const limit = (written: Amount | undefined) => (written === undefined ? null : readAmount(written));
  return { maxMacs: limit(maxMacs), minMacs: limit(minMacs), maxParams: limit(maxParams) };
}

/** whether any network of the space keeps it */
export function checkBudget(at: Filling, budget: Budget, space: Space, costs: CostTable): void {
  const { maxMacs, minMacs, maxParams } = budget;
  if (minMacs !== null && maxMacs !== null && minMacs > maxMacs) {
    at.problem(["budget", "minMacs"], "E_BUDGET", "budget.minMacs is above budget.maxMacs", "exchange them");
    return;
  }
  const path = ({ hint }: { hint?: string | undefined }): Path => [
    "budget",
    /budget\.(\w+)/.exec(hint ?? "")?.[1] ?? "maxMacs",
  ];
  const before = at.problems.length;
  located(at, path, () => checkReachable(costs, budget));
  const limits = [maxMacs, minMacs, maxParams].filter((limit) => limit !== null).length;
  if (at.problems.length === before && limits > 1) {
    const uniform = space.slots.map(({ candidates }) => candidates.map(() => 0));
    if (mostLikelyWithin(costs, uniform, allAlive(space), budget) === null) {
      at.problem(
        ["budget"],
        "E_BUDGET_UNREACHABLE",
        "no network of the space keeps all limits at once",
        "widen one of them",
      );
    }
  }
}
