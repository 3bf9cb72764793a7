import fc from "fast-check";
import type { Budget, CostTable } from "../../domain/cost.js";
import type { Architecture } from "../../domain/space.js";
import { withinBudget } from "../budget.js";
import { architectureCost } from "../table.js";
import { everyArchitecture } from "./enumerate.js";

export interface Problem {
  readonly table: CostTable;
  readonly logProbabilities: number[][];
  readonly alive: number[][];
  readonly budget: Budget;
}

/** the order of the tie rule: likelier, then fewer MACs, then fewer parameters, then the first candidates */
export function bruteForce({ table, logProbabilities, alive, budget }: Problem) {
  let best: { architecture: Architecture; logProbability: number; macs: number; params: number } | null = null;
  for (const architecture of everyArchitecture(alive)) {
    const cost = architectureCost(table, architecture);
    const logProbability = architecture.reduce((sum, o, slot) => sum + logProbabilities[slot][o], 0);
    if (!withinBudget(cost, budget) || logProbability === Number.NEGATIVE_INFINITY) continue;
    const ahead =
      best === null || logProbability - best.logProbability || best.macs - cost.macs || best.params - cost.params || -1; // enumerated in order: the first one stays
    if (ahead === true || Number(ahead) > 0) best = { architecture, logProbability, ...cost };
  }
  return best;
}

const costs = (most: number) =>
  fc.record({ macs: fc.integer({ min: 0, max: most }), params: fc.integer({ min: 0, max: 20 }) });

/** small networks; costs and log-probabilities from few values, so that ties abound, or from many */
export const problems = fc
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
        const table: CostTable = { fixed, slots };
        const all = [...everyArchitecture(alive)].map((architecture) => architectureCost(table, architecture));
        const near = (values: number[]) =>
          fc.option(
            fc
              .tuple(fc.constantFrom(...values), fc.integer({ min: -1, max: 1 }))
              .map(([value, by]) => Math.max(0, value + by)),
          );
        return fc
          .record({
            maxMacs: near(all.map(({ macs }) => macs)),
            minMacs: near(all.map(({ macs }) => macs)),
            maxParams: near(all.map(({ params }) => params)),
          })
          .map((budget): Problem => ({ table, logProbabilities, alive, budget }));
      }),
  );
