import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Decision } from "../src/domain/decision.js";
import type { Plan } from "../src/domain/plan.js";
import { replay } from "../src/engine/replay.js";
import { memoryJournal } from "../src/journal/memory.js";
import type { Journal } from "../src/journal/port.js";
import { type Ending, type RunHooks, run } from "../src/runner/run.js";
import { shortPlans } from "../src/strategies/testing/plans.js";
import { systemClock } from "../src/util/clock.js";
import { mockWorker } from "../src/worker/mock/worker.js";
import { type Worker, WorkerLost } from "../src/worker/port.js";
import { mockSettings, wholePlan } from "./support/plan.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-engine-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Around {
  readonly worker?: Worker;
  readonly signal?: AbortSignal;
  readonly everySeconds?: number;
  readonly hooks?: RunHooks;
}

const start = (plan: Plan, journal: Journal, around: Around = {}): Promise<Ending> =>
  run({
    plan,
    journal,
    worker: around.worker ?? mockWorker(mockSettings),
    runFolder: folder,
    checkpoints: { everySeconds: around.everySeconds ?? 0, keep: 2, rounds: false },
    clock: systemClock,
    signal: around.signal ?? new AbortController().signal,
    owner: { host: "here", pid: 1, versions: { node: process.version } },
    ...(around.hooks && { hooks: around.hooks }),
  });

const decisionsOf = (journal: Journal): Decision[] => [...journal.entries()].flatMap((entry) => entry.decisions);

async function finished(plan: Plan): Promise<Journal> {
  const journal = memoryJournal(plan);
  expect((await start(plan, journal)).kind).toBe("done");
  return journal;
}

describe("a run", () => {
  it("ranks, searches, retrains, tests once and finishes with what it found", async () => {
    const plan = wholePlan();
    const journal = memoryJournal(plan);
    const ending = await start(plan, journal);
    if (ending.kind !== "done") throw new Error(ending.kind);
    expect(ending.result.chosen?.architecture).toHaveLength(4);
    expect(ending.result.testAccuracy).toBeGreaterThan(1 / 6);
    expect(Object.keys(ending.result.samplesTrained)).toEqual(["rank", "search", "retrain"]);
    const jobs = decisionsOf(journal).filter((decision) => decision.type === "issue");
    const tests = jobs.filter(({ job }) => job.kind === "evaluate" && job.stream === "test");
    expect(tests).toHaveLength(1);
  });

  it("trains exactly the planned number of images", async () => {
    const journal = await finished(wholePlan());
    const finish = decisionsOf(journal).find((decision) => decision.type === "finish");
    // by hand: 40 images a class, 20 % test, of the rest 40 % validation leaves 19 or 20; 6 classes, batches of 16
    const data = decisionsOf(journal).find((decision) => decision.type === "rank-classes");
    expect(data).toBeDefined();
    const first = [...journal.entries()][1].event;
    if (first.type !== "job-finished" || first.answer.signal.kind !== "inspect") throw new Error("no inspection");
    const train = first.answer.signal.data.splits.find((split) => split.split === "train");
    const images = (train?.counts ?? []).reduce((sum, count) => sum + count, 0);
    const perEpoch = Math.floor(images / 16) * 16;
    expect(finish?.type === "finish" && finish.result.samplesTrained.retrain).toBe(2 * perEpoch);
    expect(finish?.type === "finish" && finish.result.samplesTrained.rank).toBe(2 * 3 * perEpoch);
  });

  it("decides the same twice from the same seed, and otherwise from another", async () => {
    const first = decisionsOf(await finished(wholePlan()));
    const second = decisionsOf(await finished(wholePlan()));
    expect(second).toEqual(first);
    expect(decisionsOf(await finished(wholePlan({ seed: 8 })))).not.toEqual(first);
  });

  it("never has more than lag + 1 jobs in flight", async () => {
    for (const lag of [0, 1, 3]) {
      const journal = await finished(wholePlan({ pipeline: { lag, stepsPerJob: 4 } }));
      let open = 0;
      for (const { event, decisions } of journal.entries()) {
        if (event.type === "job-finished") open--;
        open += decisions.filter((decision) => decision.type === "issue").length;
        expect(open).toBeLessThanOrEqual(lag + 1);
      }
    }
  });

  it.each(Object.values(shortPlans))("replays without divergence: $name", async (strategy) => {
    const journal = await finished(wholePlan({ strategy }));
    const report = replay(journal);
    expect(report.divergence).toBeNull();
    expect(report.state.phase).toBe("done");
  });

  it("names the first divergence where a recorded decision was tampered with", async () => {
    const plan = wholePlan();
    const journal = await finished(plan);
    const tampered = memoryJournal(plan);
    let changed = -1;
    for (const { seq, ...entry } of journal.entries()) {
      const decisions = structuredClone(entry.decisions) as Decision[];
      for (const decision of decisions) {
        if (changed >= 0 || decision.type !== "issue" || decision.job.kind !== "train") continue;
        (decision.job.steps[0] as { learningRate: number }).learningRate *= 2;
        changed = seq;
      }
      tampered.append({ ...entry, decisions });
    }
    expect(replay(tampered).divergence).toMatchObject({ seq: changed, at: "job.steps.0.learningRate" });
  });
});

describe("a run that is stopped", () => {
  it("checkpoints, and resumes to the same decisions", async () => {
    const whole = decisionsOf(await finished(wholePlan()));
    for (const stopAt of [0, 1, 2, 10, 25, 40]) {
      const plan = wholePlan();
      const journal = memoryJournal(plan);
      const stop = new AbortController();
      const ending = await start(plan, journal, {
        signal: stop.signal,
        hooks: { onEntry: (entry) => entry.seq === stopAt && stop.abort() },
      });
      expect(ending.kind).toBe("interrupted");
      expect((await start(plan, journal)).kind).toBe("done");
      expect(decisionsOf(journal)).toEqual(whole);
    }
  });
});

describe("a run that goes on with other data", () => {
  it("refuses, with both counts, and trains nothing; with the data put back it goes on", async () => {
    const plan = wholePlan();
    const journal = memoryJournal(plan);
    const stop = new AbortController();
    const stopped = {
      signal: stop.signal,
      hooks: { onEntry: (entry: { seq: number }) => entry.seq === 20 && stop.abort() },
    };
    expect((await start(plan, journal, stopped)).kind).toBe("interrupted");
    const entries = [...journal.entries()].length;
    const other = await start(plan, journal, { worker: mockWorker({ ...mockSettings, imagesPerClass: 41 }) });
    expect(other).toMatchObject({
      kind: "failed",
      resumable: true,
      failure: { code: "data", message: expect.stringMatching(/images then: train \d+, .*; now: train \d+/) },
    });
    expect([...journal.entries()]).toHaveLength(entries);
    expect((await start(plan, journal)).kind).toBe("done");
    expect(decisionsOf(journal)).toEqual(decisionsOf(await finished(wholePlan())));
  });
});

describe("a worker that is lost", () => {
  /** loses the session once `jobs` answers have come, then is as new */
  function fragile(jobs: number): Worker {
    const inner = mockWorker(mockSettings);
    let left = jobs;
    return {
      ...inner,
      kind: "mock",
      close: () => inner.close(),
      async open(hello) {
        const session = await inner.open(hello);
        if (left < 0) return session;
        return {
          ...session,
          welcome: session.welcome,
          checkpoint: (path, kept) => session.checkpoint(path, kept),
          restore: (path, sha256) => session.restore(path, sha256),
          close: () => session.close(),
          async submit(job) {
            const outcome = await session.submit(job);
            if (left-- > 0) return outcome;
            throw new WorkerLost("killed by the test");
          },
        };
      },
    };
  }

  it.each([0, 1, 5, 20, 33])("after %i answers: another is started, and the search ends the same", async (jobs) => {
    const whole = decisionsOf(await finished(wholePlan()));
    const plan = wholePlan();
    const journal = memoryJournal(plan);
    const notices: string[] = [];
    const ending = await start(plan, journal, {
      worker: fragile(jobs),
      hooks: { onNotice: (line) => notices.push(line) },
    });
    expect(ending.kind).toBe("done");
    expect(decisionsOf(journal)).toEqual(whole);
    expect(notices[0]).toContain("killed by the test");
    expect(journal.sessions().map((session) => session.outcome)).toEqual(["worker-lost", "done"]);
  });
});
