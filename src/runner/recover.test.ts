import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wholePlan } from "../../test/support/plan.js";
import type { DataInfo } from "../domain/data.js";
import type { Job, JobKind, NumberedJob } from "../domain/job.js";
import { jobKinds } from "../domain/job-kinds.js";
import type { Signal } from "../domain/signal.js";
import type { Running } from "../engine/state.js";
import { memoryJournal } from "../journal/memory.js";
import type { WorkerSession } from "../worker/port.js";
import { recover } from "./recover.js";

/**
 * Which kinds must be done again after a restore, as a person says it, apart from the table that says so: a kind
 * forgotten there would leave the weights behind without a word.
 */
const movesWeights = ["train", "restrict"];

const plan = wholePlan();
const data: DataInfo = { classes: [], input: plan.data.input, splits: [], fingerprint: "the same" };
const jobOf = (kind: JobKind): Job =>
  (kind === "prepare"
    ? { kind, space: plan.space, streams: [], optimizer: plan.search.recipe.optimizer }
    : { kind }) as Job;
const signalOf = (kind: JobKind): Signal => (kind === "inspect" ? { kind, data } : { kind }) as Signal;

/** a run whose jobs were all answered, but for the last */
function madeUp(kinds: readonly JobKind[], checkpointsAfter: readonly number[]) {
  const journal = memoryJournal(plan);
  const jobs = kinds.map((kind, id): NumberedJob => ({ id, job: jobOf(kind) }));
  const issue = (job: NumberedJob | undefined) => (job ? [{ type: "issue", ...job } as const] : []);
  journal.append({ at: 0, event: { type: "run-started" }, decisions: issue(jobs[0]) });
  for (const { id, job } of jobs.slice(0, -1)) {
    const answer = {
      jobId: id,
      signal: signalOf(job.kind),
      timing: { totalMs: 0, dataMs: 0, computeMs: 0, waitMs: 0 },
    };
    journal.append({ at: 0, event: { type: "job-finished", answer }, decisions: issue(jobs[id + 1]) });
  }
  for (const afterJob of [...checkpointsAfter].sort((a, b) => a - b)) {
    journal.recordCheckpoint({ ...{ afterJob, path: `after-${afterJob}`, sha256: "", bytes: 0, at: 0 } });
  }
  return { journal, jobs };
}

describe("a worker that comes anew", () => {
  it("does again exactly the jobs since the last usable checkpoint that move weights, in order", async () => {
    const kind = fc.constantFrom(...(Object.keys(jobKinds) as JobKind[]));
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat({ max: 40 })),
        fc.nat(),
        async (drawn, afters, damaged) => {
          const kinds: JobKind[] = ["inspect", "prepare", ...drawn, "evaluate"];
          const open = kinds.length - 1;
          const preparedAt = kinds.lastIndexOf("prepare");
          const checkpointsAfter = [...new Set(afters)].filter((after) => after < open);
          const { journal, jobs } = madeUp(kinds, checkpointsAfter);
          const usable = checkpointsAfter
            .filter((after) => after >= preparedAt)
            .sort((a, b) => b - a)
            .filter((_, index) => index >= damaged % 3);
          const state = {
            phase: "running",
            inFlight: [jobs[open]],
            nextJobId: open + 1,
            facts: { data },
            model: { prepare: jobs[preparedAt], prepared: signalOf("prepare") },
          } as unknown as Running;

          const asked: number[] = [];
          let refusals = damaged % 3;
          const worker = {
            submit: async ({ id, job }: NumberedJob) => {
              asked.push(id);
              return { ok: true, answer: { jobId: id, signal: signalOf(job.kind) } };
            },
            restore: async () =>
              refusals-- > 0 ? { ok: false, failure: { code: "io", message: "", hint: "" } } : { ok: true },
          } as unknown as WorkerSession;
          const recovered = await recover({ journal, worker, state, onNotice: () => {} });

          const from = usable[0] ?? preparedAt;
          const again = jobs.filter(({ id, job }) => id > from && id < open && movesWeights.includes(job.kind));
          expect(asked).toEqual([0, preparedAt, ...again.map(({ id }) => id)]);
          expect(recovered).toEqual({ kind: "ready", hasModel: true, lastJob: open - 1 });
        },
      ),
    );
  });
});
