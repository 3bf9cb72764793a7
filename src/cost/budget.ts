import type { Budget, Cost, CostTable } from "../domain/cost.js";

export const withinBudget = (cost: Cost, budget: Budget): boolean =>
  (budget.maxMacs === null || cost.macs <= budget.maxMacs) &&
  (budget.minMacs === null || cost.macs >= budget.minMacs) &&
  (budget.maxParams === null || cost.params <= budget.maxParams);

/** One side of a budget: the uses of the chosen candidates must not add up to more than the limit. */
export interface Constraint {
  readonly use: (cost: Cost) => number;
  readonly limit: number;
}

/** the budget's sides, less what stem and head take; a least number of MACs is a most of their negative */
export function constraintsOf({ fixed }: CostTable, budget: Budget): Constraint[] {
  const constraints: Constraint[] = [];
  if (budget.maxMacs !== null) constraints.push({ use: ({ macs }) => macs, limit: budget.maxMacs - fixed.macs });
  if (budget.maxParams !== null) {
    constraints.push({ use: ({ params }) => params, limit: budget.maxParams - fixed.params });
  }
  if (budget.minMacs !== null) constraints.push({ use: ({ macs }) => -macs, limit: fixed.macs - budget.minMacs });
  return constraints;
}

/** The budget less what stem and head take, for the slots alone; infinite where there is no limit. */
export interface Limits {
  readonly mostMacs: number;
  readonly leastMacs: number;
  readonly mostParams: number;
}

export const limitsOf = ({ fixed }: CostTable, budget: Budget): Limits => ({
  mostMacs: budget.maxMacs === null ? Number.POSITIVE_INFINITY : budget.maxMacs - fixed.macs,
  leastMacs: budget.minMacs === null ? Number.NEGATIVE_INFINITY : budget.minMacs - fixed.macs,
  mostParams: budget.maxParams === null ? Number.POSITIVE_INFINITY : budget.maxParams - fixed.params,
});
