import { z } from "zod";
import { checkReachable } from "../../cost/extremes.js";
import { type BudgetKey, budgetKey, budgetOf } from "../../cost/written.js";
import { type Budget, type CostTable, type Metric, metricNames, metrics, type Side } from "../../domain/cost.js";
import { type Amount, amount, readAmount, writeAmount } from "../../options/scalars.js";
import { type Filling, located } from "../context.js";
import type { Path } from "../document.js";

const limit = (about: string) => amount.optional().describe(about);

/** each limit that some metric has */
const limits = Object.fromEntries(
  metricNames.flatMap((metric) =>
    (Object.keys(metrics[metric].limits) as Side[]).map((side) => [
      budgetKey(metric, side),
      limit(`${metrics[metric].about}, at ${side}.`),
    ]),
  ),
) as Readonly<Record<BudgetKey<Metric>, ReturnType<typeof limit>>>;

export const budgetSchema = z
  .strictObject(limits)
  .prefault({})
  .describe("What the network may cost. What tools call FLOPs is often twice the MACs.");

/** a limit that is left out is none */
export type CompleteBudget = { readonly [limit in keyof z.output<typeof budgetSchema>]?: Amount };

export const fillBudget = (budget: z.output<typeof budgetSchema>): CompleteBudget =>
  Object.fromEntries(
    Object.entries(budget).flatMap(([limit, value]) => (value === undefined ? [] : [[limit, writeAmount(value)]])),
  );

export const planBudget = (complete: CompleteBudget): Budget =>
  budgetOf(Object.fromEntries(Object.entries(complete).map(([limit, value]) => [limit, readAmount(value)])));

/** whether any network of the space keeps it */
export function checkBudget(at: Filling, budget: Budget, costs: CostTable): void {
  for (const metric of metricNames) {
    const { least, most } = budget[metric] ?? {};
    if (least === undefined || most === undefined || least <= most) continue;
    const [low, high] = [budgetKey(metric, "least"), budgetKey(metric, "most")];
    at.problem(["budget", low], "E_BUDGET", `budget.${low} is above budget.${high}`, "exchange them");
    return;
  }
  const path = ({ hint }: { hint?: string | undefined }): Path => [
    "budget",
    ...(/budget\.(\w+)/.exec(hint ?? "")?.slice(1) ?? []),
  ];
  located(at, path, () => checkReachable(costs, budget));
}
