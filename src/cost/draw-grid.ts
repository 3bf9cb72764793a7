import type { Rng } from "../util/rng.js";
import type { Limit } from "./budget.js";
import { makeGrid } from "./grid.js";
import type { Option, Options } from "./options.js";

export type GridSampler = (rng: Rng) => readonly Option[];

const cells = 8192;

/**
 * Draws from the product of the slots' weights given that one metric, counted in cells, comes within reach of its
 * limits: exact for that larger event, by summing over the rest and drawing forward [R]. What is then refused for lying
 * just outside is at worst some cells a slot wide.
 *
 * @param weights [slot][choice], each slot's summing to 1
 * @returns null where nothing comes within reach
 */
export function gridSampler(
  choices: Options,
  weights: readonly (readonly number[])[],
  limits: readonly Limit[],
): GridSampler | null {
  const grid = makeGrid(choices, limits, cells);
  if (grid === null) return null;
  const { cell, size, filled } = grid;
  const slots = choices.length;
  const lowest = Math.max(0, Math.ceil((grid.low - slots * (cell - 1)) / cell));
  // [slot][cells filled before]: the probability that this slot and the rest end within reach
  const reach = new Array<Float64Array>(slots + 1);
  reach[slots] = new Float64Array(size).fill(0).fill(1, lowest);
  for (let slot = slots - 1; slot >= 0; slot--) {
    const sums = new Float64Array(size);
    for (const [index, by] of filled[slot].entries()) {
      const weight = weights[slot][index];
      for (let k = 0; k + by < size; k++) sums[k] += weight * reach[slot + 1][k + by];
    }
    reach[slot] = sums;
  }
  if (!(reach[0][0] > 0)) return null;
  return (rng) => {
    let at = 0;
    return choices.map((slot, index) => {
      const likely = filled[index].map((by, i) => (at + by < size ? weights[index][i] * reach[index + 1][at + by] : 0));
      const choice = rng.pick(likely);
      at += filled[index][choice];
      return slot[choice];
    });
  };
}
