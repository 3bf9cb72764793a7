import type { CostTable } from "../domain/cost.js";

/** E[MACs] = fixed + sum over slots and candidates of p x MACs (METHODS 1.5). @param probabilities [slot][candidate] */
export function expectedMacs(table: CostTable, probabilities: readonly (readonly number[])[]): number {
  let macs = table.fixed.macs;
  for (const [slot, row] of probabilities.entries()) {
    for (const [candidate, probability] of row.entries()) macs += probability * table.slots[slot][candidate].macs;
  }
  return macs;
}
