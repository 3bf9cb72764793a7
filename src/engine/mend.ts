import type { Job, NumberedJob } from "../domain/job.js";
import { kindOf } from "../domain/job-kinds.js";
import type { DivergencePlan } from "../domain/plan.js";
import type { Failure } from "../domain/signal.js";

/** How a run gets over a loss that became NaN or infinite. Pure; the weights are put back by runner/run.ts. */

/** What a running program remembers of it; begins anew with each program. */
export interface Mending {
  /** how often it went back already */
  readonly times: number;
  /** on every learning rate of its train jobs */
  readonly rateScale: number;
}

export const unmended: Mending = { times: 0, rateScale: 1 };

/** A job with its learning rates, where it has any, as they are now. */
export const scaled = (job: Job, rateScale: number): Job =>
  rateScale === 1 ? job : (kindOf(job).mend?.slower(job, rateScale) ?? job);

interface Mended {
  readonly mending: Mending;
  /** the failed job and those behind it, changed, not yet numbered anew */
  readonly jobs: readonly Job[];
}

/**
 * The jobs in flight as they are to be issued again after the first of them failed.
 * @returns null where the rule gives up: it says stop, the tries are used up, or the job is none that a rate or another
 *   batch would change (only training moves weights; elsewhere the numbers were bad already)
 */
export function mended(
  { rule, factor, tries }: DivergencePlan,
  before: Mending,
  inFlight: readonly NumberedJob[],
  failure: Failure,
): Mended | null {
  const [failed, ...behind] = inFlight.map(({ job }) => job);
  const mend = failed && kindOf(failed).mend;
  if (rule === "stop" || before.times >= tries || !mend) return null;
  const times = before.times + 1;
  if (rule === "skip-batch") {
    return { mending: { ...before, times }, jobs: [mend.nextBatch(failed, failure.step ?? 0), ...behind] };
  }
  return {
    mending: { times, rateScale: before.rateScale * factor },
    // what is in flight carries the old scale already
    jobs: [failed, ...behind].map((job) => scaled(job, factor)),
  };
}
