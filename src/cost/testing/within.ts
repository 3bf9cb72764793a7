import type { Budget, Cost } from "../../domain/cost.js";

export function withinBudget<M extends string>(cost: Cost<NoInfer<M>>, budget: Budget<M>): boolean {
  for (const metric in budget) {
    const { least, most } = budget[metric] ?? {};
    if (least !== undefined && cost[metric] < least) return false;
    if (most !== undefined && cost[metric] > most) return false;
  }
  return true;
}
