import type { Alive } from "../../domain/space.js";
import { logSumExp, softmax as normalised } from "../../util/numeric.js";
import type { Family } from "./distribution.js";
import { factorised } from "./factorised.js";
import { onlyAlive, type Rows, rowsOf, spread } from "./rows.js";

/** The moments of Adam (Kingma and Ba, arXiv 1412.6980) on the architecture parameters; as wide as they are. */
export interface Moments {
  readonly first: Rows;
  readonly second: Rows;
  /** updates so far */
  readonly count: number;
}

/** Architecture parameters, one per candidate, and the state of their optimizer. Those of the cut are 0. */
export interface Parameters {
  readonly alphas: Rows;
  readonly moments: Moments;
}

/** P(a) = product over slots of softmax(alpha); after a cut, softmax over the survivors renormalises. */
export const softmax: Family<Parameters> = {
  start(widths) {
    const zeros = rowsOf(widths, 0);
    return { alphas: zeros, moments: { first: zeros, second: zeros, count: 0 } };
  },
  of: ({ alphas }, alive) => factorised(probabilitiesOf(alphas, alive), alive, () => logProbabilitiesOf(alphas, alive)),
  /** the moments of the cut vanish, the survivors keep theirs */
  keepOnly({ alphas, moments: { first, second, count } }, alive) {
    const moments = { first: onlyAlive(first, alive), second: onlyAlive(second, alive), count };
    return { alphas: onlyAlive(alphas, alive), moments };
  },
};

/** softmax(alpha) over the alive of each slot; 0 for the cut */
export function probabilitiesOf(alphas: Rows, alive: Alive): number[][] {
  return alphas.map((row, slot) =>
    spread(alive[slot], normalised(alive[slot].map((candidate) => row[candidate])), row.length),
  );
}

/** ln softmax(alpha) over the alive of each slot, finite however small; -Infinity for the cut, so not for the state */
export function logProbabilitiesOf(alphas: Rows, alive: Alive): number[][] {
  return alphas.map((row, slot) => {
    const total = logSumExp(alive[slot].map((candidate) => row[candidate]));
    const logs = new Array<number>(row.length).fill(Number.NEGATIVE_INFINITY);
    for (const candidate of alive[slot]) logs[candidate] = row[candidate] - total;
    return logs;
  });
}
