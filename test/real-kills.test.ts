import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDanas } from "../src/cli/testing/harness.js";
import { fashionMnistFolders, missingFile } from "../src/config/fashion-mnist.js";
import type { RunResult } from "../src/domain/decision.js";
import { openJournal } from "../src/journal/sqlite.js";
import { rng } from "../src/util/rng.js";
import { findPython } from "../src/worker/python.js";
import { isAlive, until } from "../src/worker/testing/processes.js";
import { torture } from "./support/torture.js";

/**
 * A small search on real images with the Python worker, whose processes are killed with SIGKILL at random moments: the same
 * architecture, the same accuracy and the same bytes of weights must come out.
 */

const fashion = fashionMnistFolders({ HOME: homedir(), ...process.env }).find((root) => missingFile(root) === null);
const python = (() => {
  try {
    return findPython(null);
  } catch {
    return null;
  }
})();
const missing = !python
  ? "no Python environment"
  : !fashion
    ? "no Fashion-MNIST"
    : process.platform !== "linux"
      ? "needs /proc"
      : "";

/** 6 classes of 100 real images as class folders: what a person's own data looks like */
const makeData = `
import gzip, sys
from pathlib import Path
import numpy as np
from PIL import Image
source, target = map(Path, sys.argv[1:])
def read(name, offset):
    path = source / name
    raw = gzip.open(f"{path}.gz").read() if not path.exists() else path.read_bytes()
    return np.frombuffer(raw, np.uint8, offset=offset)
labels = read("train-labels-idx1-ubyte", 8)
images = read("train-images-idx3-ubyte", 16).reshape(-1, 28, 28)
for label in range(6):
    folder = target / f"class-{label}"
    folder.mkdir(parents=True)
    for index, image in enumerate(images[labels == label][:100]):
        Image.fromarray(image).save(folder / f"{index:03d}.png")
`;

const config = `
seed: 5
data: { source: folder, root: data, input: 1x28x28, testFraction: 0.2 }
space:
  name: little
  stem: [{ op: c3, width: 8, stride: 2 }]
  stages:
    - { width: 8, slots: 2, stride: 1, candidates: [k3e2, k3e4, c3, skip] }
    - { width: 16, slots: 2, stride: 2, candidates: [k3e2, k3e4, c3] }
  head: { width: 32 }
budget: { maxMacs: 2M }
ranking: { references: [middle], epochs: 2, batchSize: 32 }
search:
  warmup: { epochs: 2, classes: 2 }
  rounds: [{ classes: 4, epochs: 3 }, { classes: all, epochs: 3 }]
  gate: { every: 2 }
  batchSize: 32
retrain: { epochs: 4, batchSize: 32 }
pipeline: { stepsPerJob: 3 }
checkpoints: { everySeconds: 0.5 }
compute: { threads: 1 }
`;

const victims = ["the orchestrator", "the worker", "both"] as const;
type Victim = (typeof victims)[number];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-real-"));
  if (missing) return;
  mkdirSync(join(folder, "data"));
  execFileSync(python!, ["-c", makeData, fashion!, join(folder, "data")]);
  writeFileSync(join(folder, "little.yaml"), config);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const search = (name: string) => startDanas(folder, ["search", "little.yaml", "--name", name, "-q"]);
const resume = (name: string) => startDanas(folder, ["resume", name, "-q"]);

function resultOf(name: string): RunResult {
  const journal = openJournal(join(folder, "runs", name, "journal.db"), { readonly: true });
  try {
    for (const { decisions } of journal.entries()) {
      for (const decision of decisions) if (decision.type === "finish") return decision.result;
    }
    throw new Error(`${name} is not finished`);
  } finally {
    journal.close();
  }
}

/** pids of the process's own children, as the kernel knows them */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // it is gone
  }
}

const isWorker = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("danas_worker");
  } catch {
    return false;
  }
};

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself just now
  }
}

const waited = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** @returns whether somebody was there to be killed */
async function trial(name: string, victim: Victim, afterMs: number): Promise<boolean> {
  const running = search(name);
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  await waited(afterMs);
  const workers = childrenOf(running.child.pid!).filter(isWorker);
  if (over || (victim === "the worker" && workers.length === 0)) {
    await running.ended;
    return false;
  }
  if (victim !== "the orchestrator") for (const pid of workers) kill(pid);
  if (victim !== "the worker") kill(running.child.pid);
  const ended = await running.ended;
  await until(() => !workers.some(isAlive)); // nobody stays behind
  if (victim === "the worker") {
    expect([ended.code, ended.err]).toEqual([0, ""]);
    return true;
  }
  expect(ended.signal).toBe("SIGKILL");
  const folderOfRun = join(folder, "runs", name);
  const known = readdirSync(join(folder, "runs")).includes(name) && readdirSync(folderOfRun).includes("plan.json");
  const again = await (known ? resume(name) : search(name)).ended;
  expect([again.code, again.err]).toEqual([0, ""]);
  return true;
}

describe.skipIf(missing !== "")(`a search on real images${missing && ` (skipped: ${missing})`}`, () => {
  it("ends with the same network and the same bytes of weights, whoever is killed and when", async () => {
    const began = performance.now();
    expect((await search("whole").ended).code).toBe(0);
    const wholeMs = performance.now() - began;
    const whole = resultOf("whole");
    const weights = whole.exported.filter(({ path }) => path.endsWith(".safetensors"));
    expect(weights).toHaveLength(1);

    const draw = rng(torture.seed).fork("real kills");
    const wanted = torture.on ? 30 : 3;
    const counts: Record<Victim, number> = { "the orchestrator": 0, "the worker": 0, both: 0 };
    for (let number = 0, killed = 0; killed < wanted; number++) {
      if (number > 4 * wanted) throw new Error("the search ended before it could be killed, again and again");
      const victim = victims[killed % victims.length];
      const afterMs = draw.next() * wholeMs;
      const name = `killed-${number}`;
      const label = `seed ${torture.seed}, trial ${number}: ${victim} after ${afterMs.toFixed(0)} of ${wholeMs.toFixed(0)} ms`;
      if (await trial(name, victim, afterMs)) {
        killed++;
        counts[victim]++;
        expect(resultOf(name), label).toEqual(whole);
        if (torture.on) console.error(label);
      }
      rmSync(join(folder, "runs", name), { recursive: true, force: true });
    }
    for (const victim of victims) torture.count(`real kills of ${victim}`, counts[victim]);
  }, 1_500_000);
});
