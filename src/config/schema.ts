import { z } from "zod";
import { path, seed } from "../options/scalars.js";
import { searchSchema } from "../strategies/registry.js";
import { budgetSchema } from "./sections/budget.js";
import { dataSchema } from "./sections/data.js";
import { programsSchema } from "./sections/programs.js";
import { rankingSchema } from "./sections/ranking.js";
import { retrainSchema } from "./sections/retrain.js";
import { checkpoints, compute, divergence, pipeline } from "./sections/running.js";
import { spaceSchema } from "./sections/space.js";
import { workerSchema } from "./sections/worker.js";

/**
 * The whole config. From this one schema come the type, the defaults, the help, the JSON Schema for editors and the page
 * docs/config.md; what it cannot see (classes against rounds, a budget out of reach) is checked by fill.
 */
export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, "must be letters, digits, dot, dash and underscore, at most 100 of them")
    .optional()
    .describe("The run's name and folder. Default: the config's file name."),
  seed: seed.default(1).describe("Of everything random. The same seed gives the same search."),
  data: dataSchema,
  space: spaceSchema,
  budget: budgetSchema,
  programs: programsSchema,
  ranking: rankingSchema,
  search: searchSchema,
  retrain: retrainSchema,
  compute,
  pipeline,
  divergence,
  checkpoints,
  worker: workerSchema,
  runs: path.default("runs").describe("Folder of the runs' folders; from where danas is called."),
});

/** as a person writes it */
export type ConfigInput = z.input<typeof configSchema>;
/** with the schema's defaults filled in and units read */
export type Config = z.output<typeof configSchema>;
