import type { Budget, CostTable } from "../domain/cost.js";
import { metricsOf, type Rest } from "./options.js";

/** What the slots alone may use of one metric: the budget less what stem and head take. Infinite where there is no limit. */
export interface Limit {
  /** place of the metric among the table's */
  readonly at: number;
  readonly least: number;
  readonly most: number;
}

export const isLimited = ({ least, most }: Limit): boolean =>
  least > Number.NEGATIVE_INFINITY || most < Number.POSITIVE_INFINITY;

/** the metrics that are limited, in the table's order */
export const limitsOf = <M extends string>(table: CostTable<M>, budget: Budget<M>): Limit[] =>
  metricsOf(table)
    .map((metric, at) => {
      const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = budget[metric] ?? {};
      return { at, least: least - table.fixed[metric], most: most - table.fixed[metric] };
    })
    .filter(isLimited);

export function withinLimits(costs: readonly number[], limits: readonly Limit[]): boolean {
  for (const { at, least, most } of limits) if (costs[at] < least || costs[at] > most) return false;
  return true;
}

/** whether some end of what costs so much already is within the limits, one by one */
export function canEndWithin(costs: readonly number[], rest: readonly Rest[], limits: readonly Limit[]): boolean {
  for (const { at, least, most } of limits) {
    if (costs[at] + rest[at].least > most || costs[at] + rest[at].most < least) return false;
  }
  return true;
}

/** One side of a limit: `sign` times what is used must not be above `most`; a least is a most of the negative. */
export interface Constraint {
  readonly at: number;
  readonly sign: 1 | -1;
  readonly most: number;
}

/** all mosts, then all leasts */
export const constraintsOf = (limits: readonly Limit[]): Constraint[] => [
  ...limits
    .filter(({ most }) => most < Number.POSITIVE_INFINITY)
    .map(({ at, most }) => ({ at, sign: 1 as const, most })),
  ...limits
    .filter(({ least }) => least > Number.NEGATIVE_INFINITY)
    .map(({ at, least }) => ({ at, sign: -1 as const, most: -least })),
];
