import { mostLikelyWithin } from "../../cost/best.js";
import { drawWithin } from "../../cost/draw.js";
import type { Alive } from "../../domain/space.js";
import { entropy, sum } from "../../util/numeric.js";
import type { Distribution } from "./distribution.js";
import { drawPath, type Rows, spread, type Widths } from "./rows.js";

/**
 * Every slot on its own: P(a) is the product of the slots' marginals.
 *
 * @param logs ln of the marginals, finite for all that is alive however unlikely it is; asked for only where needed
 */
export function factorised(marginals: Rows, alive: Alive, logs: () => Rows): Distribution {
  return {
    alive,
    marginals,
    scores: marginals,
    criterion: "probability",
    draw: (rng) => drawPath(rng, marginals),
    drawWithin: (rng, costs, budget) => drawWithin(rng, costs, marginals, alive, budget),
    likeliest: (costs, budget, among) => mostLikelyWithin(costs, logs(), among, budget),
    mode() {
      const rows = logs();
      return alive.map((of, slot) => of.reduce((best, o) => (rows[slot][o] > rows[slot][best] ? o : best)));
    },
    logProbability(architecture) {
      const rows = logs();
      return architecture.reduce((total, candidate, slot) => total + rows[slot][candidate], 0);
    },
    entropy: () => sum(marginals.map(entropy)),
  };
}

/** all that is alive alike. @param widths a row per slot */
export function uniform(alive: Alive, widths: Widths): Distribution {
  const marginals = alive.map((candidates, slot) =>
    spread(
      candidates,
      candidates.map(() => 1 / candidates.length),
      widths[slot].length,
    ),
  );
  return factorised(marginals, alive, () => marginals.map((row) => row.map(Math.log)));
}
