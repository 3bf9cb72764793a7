import { type Budget, type Cost, type CostTable, type Metric, metricNames, metrics } from "../domain/cost.js";
import { metricsOf, type Rest } from "./options.js";

export function withinBudget<M extends string>(cost: Cost<NoInfer<M>>, budget: Budget<M>): boolean {
  for (const metric in budget) {
    const { least, most } = budget[metric] ?? {};
    if (least !== undefined && cost[metric] < least) return false;
    if (most !== undefined && cost[metric] > most) return false;
  }
  return true;
}

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

type Side = "most" | "least";
export type BudgetKey<M extends string = string> = `${"max" | "min"}${Capitalize<M>}`;

/** a budget as a config writes it */
export type WrittenBudget = Readonly<Partial<Record<BudgetKey<Metric>, number>>>;

export const budgetOf = (written: WrittenBudget): Budget =>
  Object.fromEntries(
    metricNames.flatMap((metric) => {
      const most = written[budgetKey(metric, "most")];
      const least = written[budgetKey(metric, "least")];
      const limits = { ...(most === undefined ? {} : { most }), ...(least === undefined ? {} : { least }) };
      return most === undefined && least === undefined ? [] : [[metric, limits]];
    }),
  );

/** the limits of a budget, one by one */
export const sidesOf = (budget: Budget): { readonly key: BudgetKey<Metric>; readonly limit: number }[] =>
  metricNames.flatMap((metric) =>
    (["most", "least"] as const).flatMap((side) => {
      const limit = budget[metric]?.[side];
      return limit === undefined ? [] : [{ key: budgetKey(metric, side), limit }];
    }),
  );

/** a limit's name in a config: `maxMacs` */
export const budgetKey = <M extends string>(metric: M, side: Side): BudgetKey<M> =>
  `${side === "most" ? "max" : "min"}${metric[0].toUpperCase()}${metric.slice(1)}` as BudgetKey<M>;

const keys = (side: Side): string =>
  metricNames
    .filter((metric) => (metrics[metric].limits as readonly Side[]).includes(side))
    .map((metric) => `budget.${budgetKey(metric, side)}`)
    .join(" or ");

/** what to do about a budget that nothing keeps */
export const widen = { most: `raise ${keys("most")}`, least: `lower ${keys("least")}` } as const;
