import type { Likeliest } from "../../cost/options.js";
import type { Budget, CostTable } from "../../domain/cost.js";
import type { Alive, Architecture } from "../../domain/space.js";
import type { Rng } from "../../util/rng.js";
import type { Rows, Widths } from "./rows.js";

/** A distribution over the architectures that are alive. */
export interface Distribution {
  readonly alive: Alive;
  /** [slot][candidate], each slot's adding up to 1; 0 for the cut */
  readonly marginals: Rows;
  /** what a cut goes by, [slot][candidate], the least first; and what that number is called */
  readonly scores: Rows;
  readonly criterion: string;
  draw(rng: Rng): Architecture;
  /** given that it is within the budget, exactly. @returns null where none is */
  drawWithin(rng: Rng, costs: CostTable, budget: Budget): Architecture | null;
  /** the most likely within the budget of those in `among`, exactly. @returns null where none is */
  likeliest(costs: CostTable, budget: Budget, among: Alive): Likeliest | null;
  /** the most likely of all, ties by index */
  mode(): Architecture;
  /** ln P, nats */
  logProbability(architecture: Architecture): number;
  /** nats, of a whole architecture */
  entropy(): number;
}

/** A family of distributions with its parameters laid open, plain JSON. */
export interface Family<P> {
  /** all architectures alike */
  start(widths: Widths): P;
  of(parameters: P, alive: Alive): Distribution;
  /** after a cut */
  keepOnly(parameters: P, alive: Alive): P;
}
