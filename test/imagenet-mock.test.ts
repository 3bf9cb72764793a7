import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../src/config/load.js";
import { memoryJournal } from "../src/journal/memory.js";
import { run } from "../src/runner/run.js";
import { encode } from "../src/spaces/encoding.js";
import { systemClock } from "../src/util/clock.js";
import { mockWorker } from "../src/worker/mock/worker.js";
import { makeWorld } from "../src/worker/mock/world.js";

it("DA-NAS finds the planted network of 21 slots x 19 candidates on 1,000 made-up classes with the paper's schedule", async () => {
  const { plan, worker } = loadConfig("examples/imagenet-mock.yaml", { cwd: process.cwd(), env: {} });
  if (worker.kind !== "mock") throw new Error("the example is not on the mock worker");
  const runFolder = mkdtempSync(join(tmpdir(), "danas-imagenet-"));
  try {
    const ending = await run({
      plan,
      journal: memoryJournal(plan),
      worker: mockWorker(worker),
      runFolder,
      checkpoints: { everySeconds: 0, keep: 1, rounds: false },
      clock: systemClock,
      signal: new AbortController().signal,
      owner: { host: "here", pid: 1, versions: {} },
    });
    if (ending.kind !== "done") throw new Error(ending.kind);
    expect(ending.result.chosen?.encoded).toBe(encode(plan.space, makeWorld(worker, plan.space).planted));
  } finally {
    rmSync(runFolder, { recursive: true, force: true });
  }
}, 60_000);
