import { sum } from "../../util/numeric.js";
import type { Family } from "./distribution.js";
import { factorised } from "./factorised.js";
import { onlyAlive, type Rows, rowsOf } from "./rows.js";

/**
 * P(a) = product over slots of theta over its sum. theta is not normalised: it is shown in cuts as it is, and only its
 * order within a slot counts there.
 */
export const weights: Family<Rows> = {
  start: (widths) => rowsOf(widths, 1).map((row) => row.map((one) => one / row.length)),
  of(theta, alive) {
    const totals = theta.map(sum);
    const marginals = theta.map((row, slot) => row.map((value) => value / totals[slot]));
    // never -Infinity for one alive: unlikely is not impossible where the budget asks for it
    const logs = () => theta.map((row) => row.map((value) => Math.log(Math.max(value, Number.MIN_VALUE))));
    const plain = factorised(marginals, alive, logs);
    return {
      ...plain,
      scores: theta,
      criterion: "theta",
      logProbability: (architecture) => plain.logProbability(architecture) - sum(totals.map(Math.log)),
    };
  },
  keepOnly: onlyAlive,
};
