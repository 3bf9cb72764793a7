import {
  type Cost,
  type CostTable,
  type Metric,
  metricNames,
  metrics,
  type PricedArchitecture,
} from "../domain/cost.js";
import type { Architecture, Block, Space } from "../domain/space.js";
import { encode } from "../spaces/encoding.js";
import { metricsOf } from "./options.js";
import { pricing } from "./pricing.js";

const costBy = (price: (metric: Metric) => number): Cost =>
  Object.fromEntries(metricNames.map((metric) => [metric, price(metric)])) as Cost;

export const blockCost = (block: Block): Cost => costBy((metric) => pricing[metric].block(block));

export const linearCost = (inFeatures: number, outFeatures: number): Cost =>
  costBy((metric) => pricing[metric].linear(inFeatures, outFeatures));

/** per candidate, and what is fixed; integers below 2^53 (checked) */
export function costTable(space: Space): CostTable {
  const { head } = space;
  const fixed = [...space.stem, ...head.blocks].map(blockCost);
  const last = head.blocks.at(-1) ?? space.slots.at(-1)?.candidates[0].block ?? space.stem.at(-1);
  let features = last?.outChannels ?? space.input.channels;
  for (const width of [...(head.hidden > 0 ? [head.hidden] : []), space.classes]) {
    fixed.push(linearCost(features, width));
    features = width;
  }
  const table = {
    fixed: costBy((metric) => fixed.reduce((sum, cost) => sum + cost[metric], 0)),
    slots: space.slots.map((slot) => slot.candidates.map(({ block }) => blockCost(block))),
  };
  for (const metric of metricNames) {
    let most = table.fixed[metric];
    for (const costs of table.slots) most += Math.max(...costs.map((cost) => cost[metric]));
    if (!Number.isSafeInteger(most)) throw new Error(`the space's ${metrics[metric].title} exceed 2^53`);
  }
  return table;
}

interface Column<M extends string> {
  readonly metric: M;
  readonly fixed: number;
  /** [slot][candidate] */
  readonly slots: readonly (readonly number[])[];
}

/** a table by its metrics: adding up one metric of many architectures must not look its name up each time */
const columns = new WeakMap<CostTable<string>, readonly Column<string>[]>();

export function columnsOf<M extends string>(table: CostTable<M>): readonly Column<M>[] {
  const known = columns.get(table) as readonly Column<M>[] | undefined;
  if (known) return known;
  const made = metricsOf(table).map((metric) => ({
    metric,
    fixed: table.fixed[metric],
    slots: table.slots.map((costs) => costs.map((cost) => cost[metric])),
  }));
  columns.set(table, made);
  return made;
}

export function architectureCost<M extends string>(table: CostTable<M>, architecture: Architecture): Cost<M> {
  const cost: Record<M, number> = { ...table.fixed };
  for (const { metric, fixed, slots } of columnsOf(table)) {
    let sum = fixed;
    for (let slot = 0; slot < slots.length; slot++) sum += slots[slot][architecture[slot]];
    cost[metric] = sum;
  }
  return cost;
}

export const priced = (space: Space, table: CostTable, architecture: Architecture): PricedArchitecture => ({
  architecture,
  encoded: encode(space, architecture),
  ...architectureCost(table, architecture),
});
