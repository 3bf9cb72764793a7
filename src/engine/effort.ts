import { architectureCost } from "../cost/table.js";
import type { CostTable } from "../domain/cost.js";
import type { Job } from "../domain/job.js";
import type { Signal } from "../domain/signal.js";
import type { Model } from "./state.js";

/** What a job's training cost in units that no machine changes. */
export interface Effort {
  /** images that went forward and backward */
  readonly samples: number;
  /** forward multiply-adds of those images; the backward pass costs about twice as much again */
  readonly macs: number;
}

/** @returns null for jobs that train nothing */
export function effortOf(model: Pick<Model, "costs" | "batchSizes">, job: Job, signal: Signal): Effort | null {
  if (job.kind === "train" && signal.kind === "train") {
    const perStep = signal.samples / job.steps.length;
    let macs = 0;
    for (const step of job.steps) {
      for (const path of step.paths) macs += perStep * architectureCost(model.costs, path.architecture).macs;
    }
    return { samples: signal.samples, macs: Math.round(macs) };
  }
  if (job.kind === "gates") {
    const batchSize = model.batchSizes[job.stream];
    let macs = 0;
    for (const step of job.steps) {
      macs += batchSize * architectureCost(model.costs, step.architecture).macs;
      macs += batchSize * alternativesMacs(model.costs, step.alternatives);
    }
    return { samples: batchSize * job.steps.length, macs };
  }
  return null;
}

function alternativesMacs(costs: CostTable, alternatives: readonly (readonly number[])[]): number {
  let macs = 0;
  for (const [slot, candidates] of alternatives.entries()) {
    for (const candidate of candidates) macs += costs.slots[slot][candidate].macs;
  }
  return macs;
}
