import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GoBack } from "../src/domain/decision.js";
import { replay } from "../src/engine/replay.js";
import { memoryJournal } from "../src/journal/memory.js";
import { run } from "../src/runner/run.js";
import { systemClock } from "../src/util/clock.js";
import { localWorker } from "../src/worker/local.js";
import { findPython } from "../src/worker/python.js";
import { wholePlan } from "./support/plan.js";

/** The Python worker's own losses become NaN: a learning rate that is far too high, until it has been lowered enough. */

const missing = (() => {
  try {
    findPython(null);
    return "";
  } catch {
    return "no Python environment";
  }
})();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-nan-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(missing !== "")(`a learning rate that is far too high${missing && ` (skipped: ${missing})`}`, () => {
  it("is lowered until the training holds, from weights that are not spoilt", async () => {
    const { recipe } = wholePlan().retrain;
    const plan = wholePlan({
      programs: ["retrain"],
      ranking: { source: "none" },
      retrain: {
        architecture: [0, 1, 2, 0],
        epochs: 2,
        recipe: { ...recipe, learningRate: { ...recipe.learningRate, shape: "constant", from: 1e5 } },
        split: "train",
        test: true,
        export: false,
      },
      divergence: { rule: "lower-rate", factor: 1e-4, tries: 3 },
    });
    const journal = memoryJournal(plan);
    const worker = localWorker();
    const notices: string[] = [];
    try {
      const ending = await run({
        ...{ plan, journal, worker, runFolder: folder, clock: systemClock },
        checkpoints: { everySeconds: 0, keep: 1, rounds: false },
        signal: new AbortController().signal,
        owner: { host: "here", pid: 1, versions: {} },
        hooks: { onNotice: (line) => void notices.push(line) },
      });
      expect(ending.kind).toBe("done");
    } finally {
      await worker.close();
    }
    const decisions = [...journal.entries()].flatMap((entry) => entry.decisions);
    const backs = decisions.filter((decision): decision is GoBack => decision.type === "go-back");
    expect(backs.length).toBeGreaterThan(0);
    expect(backs[0].why).toMatch(
      /^(the loss|a weight) became (nan|inf).* at step \d \(path .*, learning rate 100000, /,
    );
    expect(notices[0]).toMatch(/going back \(1 of 3 times\), learning rates times 0\.0001 from here$/);
    // the process stays: only the session is another one
    const pids = new Set(journal.sessions().map((session) => session.worker.split(" ")[2]));
    expect(pids.size).toBe(1);
    expect(journal.sessions().map(({ outcome }) => outcome)).toEqual([...backs.map(() => "went-back"), "done"]);
    expect(replay(journal).divergence).toBeNull();
  });
});
