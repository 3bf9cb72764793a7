import { z } from "zod";
import type { Around } from "../../options/around.js";
import { samples } from "../../options/final.js";
import { fillSearching, searching } from "../../options/searching.js";

export const name = "random";

export const schema = z.strictObject({
  strategy: z.literal(name),
  samples: samples.default(50).describe("Networks drawn uniformly from those within the budget."),
  epochs: z
    .int()
    .min(0)
    .max(100_000)
    .default(20)
    .describe("Epochs of training uniform paths before they are compared; 0 = take the first drawn."),
  ...searching,
});

export const fill = (written: z.output<typeof schema>, around: Around) => ({
  ...written,
  ...fillSearching(written, around),
});

export type RandomOptions = ReturnType<typeof plan>;

export const plan = ({ samples, epochs }: ReturnType<typeof fill>) => ({ name, samples, epochs });
