import { z } from "zod";
import { amount, path, seed } from "../options/scalars.js";
import { searchSchema } from "../strategies/registry.js";
import { data } from "./schema/data.js";
import { ranking } from "./schema/ranking.js";
import { checkpoints, compute, divergence, pipeline, retrain, worker } from "./schema/running.js";
import { space } from "./schema/space.js";

/**
 * The whole config. From this one schema come the type, the defaults, the help, the JSON Schema for editors and the page
 * docs/config.md; what it cannot see (classes against rounds, a budget out of reach) is checked in resolve/.
 */
export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, "must be letters, digits, dot, dash and underscore, at most 100 of them")
    .optional()
    .describe("The run's name and folder. Default: the config's file name."),
  seed: seed.default(1).describe("Of everything random. The same seed gives the same search."),
  data,
  space,
  budget: z
    .strictObject({
      maxMacs: amount.optional().describe("Multiply-adds for one image, at most."),
      minMacs: amount.optional().describe("Multiply-adds for one image, at least."),
      maxParams: amount.optional().describe("Parameters, at most."),
    })
    .prefault({})
    .describe("What the network may cost. What tools call FLOPs is often twice the MACs."),
  programs: z
    .array(z.enum(["rank", "search", "retrain"]))
    .min(1)
    .max(3)
    .optional()
    .describe("What to do, in this order. Default: rank (where the ranking is trained), search, retrain."),
  ranking,
  search: searchSchema,
  retrain,
  compute,
  pipeline,
  divergence,
  checkpoints,
  worker,
  runs: path.default("runs").describe("Folder of the runs' folders; from where danas is called."),
});

/** as a person writes it */
export type ConfigInput = z.input<typeof configSchema>;
/** with defaults filled in and units read */
export type Config = z.output<typeof configSchema>;
