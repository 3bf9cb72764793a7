import type { Cost, CostTable } from "../domain/cost.js";
import { metricsOf } from "./options.js";

type Rows = readonly (readonly number[])[];

/** E[cost] = fixed + sum over slots and candidates of p x cost (METHODS 1.5). @param probabilities [slot][candidate] */
export function expectedOf<M extends string>(table: CostTable<M>, metric: M, probabilities: Rows): number {
  let expected = table.fixed[metric];
  for (const [slot, row] of probabilities.entries()) {
    for (const [candidate, probability] of row.entries())
      expected += probability * table.slots[slot][candidate][metric];
  }
  return expected;
}

/** of every metric */
export function expectedCost<M extends string>(table: CostTable<M>, probabilities: Rows): Cost<M> {
  const cost: Record<M, number> = { ...table.fixed };
  for (const metric of metricsOf(table)) cost[metric] = expectedOf(table, metric, probabilities);
  return cost;
}
