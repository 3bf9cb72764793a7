import { z } from "zod";
import { count } from "./scalars.js";

/** How the network is chosen from what is alive at the end. */

/** networks drawn, at most */
export const samples = count.max(100_000);
/** the most probable one within the budget, exactly */
export const mostLikely = z.literal("most-likely");
export const bestOf = z.strictObject({
  bestOf: samples.describe("Networks drawn within the budget and compared by validation accuracy."),
});

export type FinalChoice =
  | { readonly how: "most-likely" }
  /** best validation accuracy of so many networks drawn from the probabilities within the budget */
  | { readonly how: "best-of-sampled"; readonly samples: number };

/** from the config's words to the plan's */
export const finalOf = <How extends "most-likely" | "argmax">(
  written: How | { readonly bestOf: number },
): { readonly how: How } | Extract<FinalChoice, { samples: number }> =>
  typeof written === "string" ? { how: written } : { how: "best-of-sampled", samples: written.bestOf };
