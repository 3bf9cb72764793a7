import { architectureCost, costTable } from "../cost/table.js";
import type { Job, PrepareJob } from "../domain/job.js";
import { kindOf, type Work } from "../domain/job-kinds.js";
import type { Signal } from "../domain/signal.js";
import type { Model } from "./state.js";

/** what the work on a prepared model is priced by */
export const pricesOf = ({ space, streams }: PrepareJob): Pick<Model, "costs" | "batchSizes"> => ({
  costs: costTable(space),
  batchSizes: Object.fromEntries(streams.map(({ name, batchSize }) => [name, batchSize])),
});

/** What an answered job amounted to on the model it ran on. */
export const workOf = (
  { costs, batchSizes }: Pick<Model, "costs" | "batchSizes">,
  job: Job,
  signal: Signal,
): Partial<Work> =>
  kindOf(job).work(job, signal, {
    batchSizes,
    macsOf: (architecture) => architectureCost(costs, architecture).macs,
    candidateMacs: (slot, candidate) => costs.slots[slot][candidate].macs,
  });
