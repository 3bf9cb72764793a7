import { type Budget, type Metric, metricNames, metrics, type Side } from "../domain/cost.js";

/** a limit's name in a config: `maxMacs` */
export type BudgetKey<M extends string = string> = `${"max" | "min"}${Capitalize<M>}`;

export const budgetKey = <M extends string>(metric: M, side: Side): BudgetKey<M> =>
  `${side === "most" ? "max" : "min"}${metric[0].toUpperCase()}${metric.slice(1)}` as BudgetKey<M>;

const sides: readonly Side[] = ["least", "most"];

/** @param written as in a config */
export function budgetOf(written: Readonly<Partial<Record<BudgetKey<Metric>, number>>>): Budget {
  const limitsOf = (metric: Metric) =>
    sides.flatMap((side) => {
      const limit = written[budgetKey(metric, side)];
      return limit === undefined ? [] : [[side, limit]];
    });
  const limited = metricNames.filter((metric) => limitsOf(metric).length > 0);
  return Object.fromEntries(limited.map((metric) => [metric, Object.fromEntries(limitsOf(metric))]));
}

/** a budget's limits, one by one */
export const limitsIn = (budget: Budget): { readonly metric: Metric; readonly side: Side; readonly limit: number }[] =>
  metricNames.flatMap((metric) =>
    sides.flatMap((side) => {
      const limit = budget[metric]?.[side];
      return limit === undefined ? [] : [{ metric, side, limit }];
    }),
  );

const keys = (side: Side): string =>
  metricNames
    .filter((metric) => metrics[metric].limits[side])
    .map((metric) => `budget.${budgetKey(metric, side)}`)
    .join(" or ");

/** what to do about a budget that nothing keeps */
export const widen = { most: `raise ${keys("most")}`, least: `lower ${keys("least")}` } as const;
