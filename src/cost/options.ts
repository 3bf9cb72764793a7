import type { CostTable } from "../domain/cost.js";
import type { Alive, Architecture } from "../domain/space.js";

/** a candidate that may be chosen: what it adds to the log-probability, nats, and to each of the table's metrics */
export interface Option {
  readonly candidate: number;
  readonly gain: number;
  readonly costs: readonly number[];
}

/** [slot][option] */
export type Options = readonly (readonly Option[])[];

export interface Likeliest {
  readonly architecture: Architecture;
  /** sum over slots of the log-probability of the choice, nats */
  readonly logProbability: number;
}

/** A table's metrics in their order, which is that of `costs`. */
export const metricsOf = <M extends string>({ fixed }: CostTable<M>): M[] => Object.keys(fixed) as M[];

/** @param logProbabilities [slot][candidate]; -Infinity = impossible */
export function optionsOf<M extends string>(
  table: CostTable<M>,
  logProbabilities: readonly (readonly number[])[],
  alive: Alive,
): Options {
  const metrics = metricsOf(table);
  return alive.map((candidates, slot) =>
    candidates
      .filter((candidate) => logProbabilities[slot][candidate] > Number.NEGATIVE_INFINITY)
      .map((candidate) => ({
        candidate,
        gain: logProbabilities[slot][candidate],
        costs: metrics.map((metric) => table.slots[slot][candidate][metric]),
      })),
  );
}

/** what the slots of an architecture cost together */
export function totalOf(options: Options, architecture: Architecture): number[] {
  const chosen = options.map(
    (slot, index) => slot.find(({ candidate }) => candidate === architecture[index]) as Option,
  );
  return chosen[0].costs.map((_, metric) => chosen.reduce((sum, { costs }) => sum + costs[metric], 0));
}

/** the least and the most that some slots can add to a metric */
export interface Rest {
  readonly least: number;
  readonly most: number;
}

/** [slot][metric]: of the slots from that one on */
export function restsOf(options: Options): Rest[][] {
  const rests: Rest[][] = [options[0][0].costs.map(() => ({ least: 0, most: 0 }))];
  for (const slot of [...options].reverse()) {
    const rest = rests[0].map(({ least, most }, metric) => {
      let [fewest, greatest] = [Number.POSITIVE_INFINITY, 0];
      for (const { costs } of slot) {
        if (costs[metric] < fewest) fewest = costs[metric];
        if (costs[metric] > greatest) greatest = costs[metric];
      }
      return { least: least + fewest, most: most + greatest };
    });
    rests.unshift(rest);
  }
  return rests;
}
