import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Decision, GoBack } from "../src/domain/decision.js";
import type { NumberedJob, TrainStep } from "../src/domain/job.js";
import type { DivergencePlan, Plan } from "../src/domain/plan.js";
import type { Failure } from "../src/domain/signal.js";
import { replay } from "../src/engine/replay.js";
import { memoryJournal } from "../src/journal/memory.js";
import type { Journal } from "../src/journal/port.js";
import { type Ending, run } from "../src/runner/run.js";
import { chronicleOf } from "../src/story/following.js";
import { mockWorker } from "../src/worker/mock/worker.js";
import type { Worker } from "../src/worker/port.js";
import { Fuse, fusedJournal, fusedWorker, Killed } from "./support/kill.js";
import { mockSettings, wholePlan } from "./support/plan.js";
import { torture } from "./support/torture.js";

/** A loss becomes NaN: the run goes back and on by its rule, gives up after its tries, and all of it is in the journal. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-nan-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** a world in which a train step that `spoils` makes the loss NaN */
function fragile(spoils: (step: TrainStep, job: NumberedJob) => boolean): Worker {
  const inner = mockWorker(mockSettings);
  return {
    kind: "mock",
    close: () => inner.close(),
    async open(hello) {
      const session = await inner.open(hello);
      return {
        welcome: session.welcome,
        checkpoint: (path, kept) => session.checkpoint(path, kept),
        restore: (path, sha256) => session.restore(path, sha256),
        close: () => session.close(),
        async submit(job) {
          const step = job.job.kind === "train" ? job.job.steps.findIndex((one) => spoils(one, job)) : -1;
          // its weights are spoilt as far as it got: the mock has learnt from it
          const outcome = await session.submit(job);
          if (step < 0) return outcome;
          const failure: Failure = {
            code: "non_finite",
            message: `the loss became nan at step ${step}`,
            hint: "",
            step,
          };
          return { ok: false, failure };
        },
      };
    },
  };
}

const start = (journal: Journal, worker: Worker): Promise<Ending> => {
  let now = 0;
  return run({
    ...{ plan: journal.plan, journal, worker, runFolder: folder, clock: { now: () => now } },
    hooks: { onEntry: ({ seq }) => void (now += seq % 5 === 0 ? 5000 : 0) },
    checkpoints: { everySeconds: 5, keep: 2, rounds: false },
    signal: new AbortController().signal,
    owner: { host: "here", pid: 1, versions: {} },
  });
};

const planWith = (divergence: DivergencePlan): Plan => wholePlan({ divergence });

const decisionsOf = (journal: Journal): Decision[] => [...journal.entries()].flatMap((entry) => entry.decisions);
const goBacks = (decisions: readonly Decision[]): GoBack[] =>
  decisions.filter((decision): decision is GoBack => decision.type === "go-back");

/** learning rates of the train jobs that were answered, by program */
function answeredRates(journal: Journal): Map<string, number[]> {
  const rates = new Map<string, number[]>();
  const open = new Map<number, { program: string; rates: number[] }>();
  let program = "";
  for (const { event, decisions } of journal.entries()) {
    if (event.type === "job-finished") {
      const issued = open.get(event.answer.jobId);
      if (issued) rates.set(issued.program, [...(rates.get(issued.program) ?? []), ...issued.rates]);
    }
    for (const decision of decisions) {
      if (decision.type === "begin-program") program = decision.program;
      if (decision.type !== "issue" || decision.job.kind !== "train") continue;
      open.set(decision.id, { program, rates: decision.job.steps.map(({ learningRate }) => learningRate) });
    }
  }
  return rates;
}

describe("where a loss is not finite", () => {
  it("lower-rate trains on with half the rate to the end of the program, and no further", async () => {
    const divergence = { rule: "lower-rate", factor: 0.5, tries: 3 } as const;
    const calm = memoryJournal(planWith(divergence));
    await start(calm, mockWorker(mockSettings));
    const journal = memoryJournal(planWith(divergence));
    // the search alone trains several paths: the third job of it fails while its rate is as planned
    const planned = answeredRates(calm);
    const high = planned.get("search")?.[9] ?? 0;
    let inSearch = false;
    const worker = fragile((step, { job }) => {
      inSearch ||= job.kind === "train" && step.paths[0].architecture.some((candidate) => candidate > 0);
      return inSearch && step.learningRate === high;
    });
    expect((await start(journal, worker)).kind).toBe("done");
    const [back, ...others] = goBacks(decisionsOf(journal));
    expect(others).toEqual([]);
    expect(back).toMatchObject({ rule: "lower-rate", attempt: 1, tries: 3, rateScale: 0.5 });
    const rates = answeredRates(journal);
    expect(rates.get("rank")).toEqual(planned.get("rank"));
    expect(rates.get("retrain")).toEqual(planned.get("retrain"));
    const wanted = planned.get("search") ?? [];
    const from = rates.get("search")?.findIndex((rate, index) => rate !== wanted[index]) ?? -1;
    // the whole job that holds step 9 is done again, of at most 4 steps
    expect(from).toBeGreaterThan(5);
    expect(from).toBeLessThanOrEqual(9);
    expect(rates.get("search")).toEqual(wanted.map((rate, index) => (index < from ? rate : rate * 0.5)));
    expect(replay(journal).divergence).toBeNull();
    expect(chronicleOf(journal).goneBack).toHaveLength(1);
    expect(chronicleOf(journal)).toMatchObject({ failure: null, open: [] });
  });

  it("skip-batch takes the next batch in that step alone, and changes nothing else", async () => {
    const divergence = { rule: "skip-batch", factor: 0.5, tries: 3 } as const;
    const journal = memoryJournal(planWith(divergence));
    const worker = fragile(({ batch }, { id }) => batch === 6 && id < 20);
    expect((await start(journal, worker)).kind).toBe("done");
    const decisions = decisionsOf(journal);
    const [back] = goBacks(decisions);
    const jobs = new Map(decisions.flatMap((one) => (one.type === "issue" ? [[one.id, one.job] as const] : [])));
    const failed = jobs.get(back.failedJob);
    const behind = back.discarded.map((id) => jobs.get(id));
    const first = Math.max(back.failedJob, ...back.discarded) + 1;
    const again = [failed, ...behind].map((_, index) => jobs.get(first + index));
    if (failed?.kind !== "train" || again[0]?.kind !== "train") throw new Error("no train job");
    expect(failed.steps.map(({ batch }) => batch)).toEqual([4, 5, 6, 7]);
    expect(again[0].steps.map(({ batch }) => batch)).toEqual([4, 5, 7, 7]);
    expect(again.slice(1)).toEqual(behind);
    expect(replay(journal).divergence).toBeNull();
  });

  it.each([
    [{ rule: "stop", factor: 0.5, tries: 3 } as const, 0],
    [{ rule: "lower-rate", factor: 0.5, tries: 0 } as const, 0],
    [{ rule: "lower-rate", factor: 0.5, tries: 2 } as const, 2],
    [{ rule: "skip-batch", factor: 0.5, tries: 4 } as const, 4],
  ])("that nothing helps against, %j gives up after %i times, with the reason", async (divergence, times) => {
    const journal = memoryJournal(planWith(divergence));
    const ending = await start(
      journal,
      fragile(() => true),
    );
    expect(ending).toMatchObject({ kind: "failed", resumable: false, failure: { code: "non_finite" } });
    expect(goBacks(decisionsOf(journal)).map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: times }, (_, index) => index + 1),
    );
    expect(chronicleOf(journal).failure?.message).toContain("the loss became nan");
    expect(journal.sessions().map(({ outcome }) => outcome)).toEqual([
      ...new Array<string>(times).fill("went-back"),
      "failed",
    ]);
  });

  it("and the orchestrator is killed anywhere as well, the end is still the same", async () => {
    const divergence = { rule: "lower-rate", factor: 0.5, tries: 5 } as const;
    const breaks = () => fragile(({ learningRate, batch }) => batch === 9 && learningRate > 0.02);
    const calm = memoryJournal(planWith(divergence));
    const counted = new Fuse(Number.POSITIVE_INFINITY);
    await start(fusedJournal(calm, counted), fusedWorker(breaks(), counted));
    expect(goBacks(decisionsOf(calm)).length).toBeGreaterThan(1);
    for (let at = 0; at < counted.places.length; at += torture.on ? 1 : 31) {
      rmSync(join(folder, "checkpoints"), { recursive: true, force: true });
      const journal = memoryJournal(planWith(divergence));
      const fuse = new Fuse(at);
      await expect(start(fusedJournal(journal, fuse), fusedWorker(breaks(), fuse))).rejects.toBeInstanceOf(Killed);
      expect((await start(journal, breaks())).kind).toBe("done");
      expect(decisionsOf(journal), `killed at ${counted.places[at]}`).toEqual(decisionsOf(calm));
      torture.count("kill points beside losses that are not finite", 1);
    }
  });
});
