import fc from "fast-check";
import type { Budget, Cost, CostTable, Limits } from "../../domain/cost.js";
import type { Architecture } from "../../domain/space.js";
import { metricsOf } from "../options.js";
import { architectureCost } from "../table.js";
import { everyArchitecture } from "./enumerate.js";
import { withinBudget } from "./within.js";

export interface Problem<M extends string> {
  readonly table: CostTable<M>;
  readonly logProbabilities: number[][];
  readonly alive: number[][];
  readonly budget: Budget<M>;
}

/** the order of the tie rule: likelier, then cheaper, metric by metric, then the first candidates */
export function bruteForce<M extends string>({ table, logProbabilities, alive, budget }: Problem<M>) {
  let best: { architecture: Architecture; logProbability: number; cost: Cost<M> } | null = null;
  for (const architecture of everyArchitecture(alive)) {
    const cost = architectureCost(table, architecture);
    const logProbability = architecture.reduce((sum, o, slot) => sum + logProbabilities[slot][o], 0);
    if (!withinBudget(cost, budget) || logProbability === Number.NEGATIVE_INFINITY) continue;
    const standing = [logProbability, ...metricsOf(table).map((metric) => -cost[metric])];
    const its = best && [
      best.logProbability,
      ...metricsOf(table).map((metric) => -(best as { cost: Cost<M> }).cost[metric]),
    ];
    const differs = its ? standing.findIndex((value, index) => value !== its[index]) : 0;
    // enumerated in order: among equals the first one stays
    if (its === null || (differs >= 0 && standing[differs] > its[differs]))
      best = { architecture, logProbability, cost };
  }
  return best;
}

/** small networks; costs and log-probabilities from few values, so that ties abound, or from many */
const problemsIn = <M extends string>(
  sides: Readonly<Record<M, readonly (keyof Limits)[]>>,
): fc.Arbitrary<Problem<M>> => {
  const metrics = Object.keys(sides) as M[];
  const costs = (most: number) =>
    fc
      .tuple(...metrics.map((_, index) => fc.integer({ min: 0, max: index === 0 ? most : 20 })))
      .map((values) => Object.fromEntries(metrics.map((metric, index) => [metric, values[index]])) as Cost<M>);
  return fc
    .record({
      widths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
      most: fc.constantFrom(3, 1000, 10_000_000),
      ties: fc.boolean(),
    })
    .chain(({ widths, most, ties }) =>
      fc
        .record({
          fixed: costs(most),
          slots: fc.tuple(...widths.map((width) => fc.array(costs(most), { minLength: width, maxLength: width }))),
          logProbabilities: fc.tuple(
            ...widths.map((width) =>
              fc.array(
                // few binary digits, so sums are exact: a tie is a tie in any order
                ties
                  ? fc.constantFrom(-0.5, -1, -1, -1.5, Number.NEGATIVE_INFINITY)
                  : fc.integer({ min: -20 * 2 ** 20, max: 0 }).map((value) => value / 2 ** 20),
                { minLength: width, maxLength: width },
              ),
            ),
          ),
          alive: fc.tuple(
            ...widths.map((width) => fc.subarray([...Array(width).keys()], { minLength: 1, maxLength: width })),
          ),
        })
        .chain(({ fixed, slots, logProbabilities, alive }) => {
          const table: CostTable<M> = { fixed, slots };
          const all = [...everyArchitecture(alive)].map((architecture) => architectureCost(table, architecture));
          const near = (metric: M) =>
            fc
              .tuple(fc.constantFrom(...all.map((cost) => cost[metric])), fc.integer({ min: -1, max: 1 }))
              .map(([value, by]) => Math.max(0, value + by));
          const limits = (metric: M) =>
            fc.record<Limits>(Object.fromEntries(sides[metric].map((side) => [side, near(metric)])), {
              requiredKeys: [],
            });
          return fc
            .tuple(...metrics.map(limits))
            .map((each) => Object.fromEntries(metrics.map((metric, index) => [metric, each[index]])) as Budget<M>)
            .map((budget): Problem<M> => ({ table, logProbabilities, alive, budget }));
        }),
    );
};

/** as a config can write them */
export const problems = problemsIn({ macs: ["least", "most"], params: ["most"] });

/** with a made-up metric, and limits on every side of all three */
export const problemsOfThree = problemsIn({
  macs: ["least", "most"],
  params: ["least", "most"],
  latencyNs: ["least", "most"],
});
