import type { Budget } from "../domain/cost.js";
import type { Space } from "../domain/space.js";

/** Where a problem is told: the place in the config is found by the path, from the top. */
export interface Problems {
  problem(path: readonly (string | number)[], code: string, message: string, hint: string): void;
}

/** What a method may know of the config around it. */
export interface Around extends Problems {
  /** in the data */
  readonly classes: number;
  readonly budget: Budget;
  readonly space: Space;
}
