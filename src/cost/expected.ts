import type { Cost, CostTable } from "../domain/cost.js";
import { columnsOf } from "./table.js";

type Rows = readonly (readonly number[])[];

/** E[cost] = fixed + sum over slots and candidates of p x cost (METHODS 1.5). @param probabilities [slot][candidate] */
export const expectedOf = <M extends string>(table: CostTable<M>, metric: M, probabilities: Rows): number =>
  expectedIn(columnsOf(table).find((column) => column.metric === metric)!, probabilities);

// plain loops: a fold over a long journal comes by here for each gate step
function expectedIn({ fixed, slots }: { readonly fixed: number; readonly slots: Rows }, probabilities: Rows): number {
  let expected = fixed;
  for (let slot = 0; slot < probabilities.length; slot++) {
    const [row, costs] = [probabilities[slot], slots[slot]];
    for (let candidate = 0; candidate < row.length; candidate++) expected += row[candidate] * costs[candidate];
  }
  return expected;
}

/** of every metric */
export function expectedCost<M extends string>(table: CostTable<M>, probabilities: Rows): Cost<M> {
  const cost: Record<M, number> = { ...table.fixed };
  for (const column of columnsOf(table)) cost[column.metric] = expectedIn(column, probabilities);
  return cost;
}
