import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Decision } from "../src/domain/decision.js";
import { memoryJournal } from "../src/journal/memory.js";
import type { Journal } from "../src/journal/port.js";
import { type Ending, run } from "../src/runner/run.js";
import { mockWorker } from "../src/worker/mock/worker.js";
import { mockSettings, wholePlan } from "./support/plan.js";

/** A checkpoint that is not what it was: found by its sha256, told, and the one before is gone on from. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-damaged-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const notices: string[] = [];

function start(journal: Journal, stopAfter = Number.POSITIVE_INFINITY): Promise<Ending> {
  let now = 0;
  const stop = new AbortController();
  return run({
    ...{ plan: journal.plan, journal, worker: mockWorker(mockSettings), runFolder: folder },
    clock: { now: () => now },
    checkpoints: { everySeconds: 5, keep: 3, rounds: false },
    signal: stop.signal,
    owner: { host: "here", pid: 1, versions: {} },
    hooks: {
      // five seconds every five entries: time for a checkpoint, which itself takes none
      onEntry({ seq }) {
        if (seq % 5 === 0) now += 5000;
        if (seq === stopAfter) stop.abort();
      },
      onNotice: (line) => void notices.push(line),
    },
  });
}

const decisionsOf = (journal: Journal): Decision[] => [...journal.entries()].flatMap((entry) => entry.decisions);

/** the run, stopped in the search with some checkpoints behind it */
async function stopped(): Promise<{ journal: Journal; paths: string[]; whole: Decision[] }> {
  const calm = memoryJournal(wholePlan());
  expect((await start(calm)).kind).toBe("done");
  rmSync(join(folder, "checkpoints"), { recursive: true });
  const journal = memoryJournal(wholePlan());
  expect((await start(journal, 45)).kind).toBe("interrupted");
  const kept = journal.checkpoints().slice(-3);
  notices.length = 0;
  return { journal, paths: kept.map(({ path }) => path), whole: decisionsOf(calm) };
}

const flipOneBit = (file: string) => {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
};

const damages: readonly [string, (file: string) => void][] = [
  ["a flipped bit", flipOneBit],
  ["its second half lost", (file) => truncateSync(file, readFileSync(file).length >> 1)],
  ["nothing in it", (file) => truncateSync(file, 0)],
  ["more behind its end", (file) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from("x")]))],
  ["another one's content", (file) => writeFileSync(file, "{}")],
  ["been deleted", (file) => rmSync(file)],
];

describe("a last checkpoint that has", () => {
  it.each(damages)("%s is passed over for the one before, and the search ends the same", async (_, damage) => {
    const { journal, paths, whole } = await stopped();
    damage(join(folder, paths[2]));
    expect((await start(journal)).kind).toBe("done");
    expect(notices[0]).toMatch(new RegExp(`^checkpoint ${paths[2]} cannot be used \\(.+\\); trying the one before$`));
    expect(notices[1]).toMatch(/^running again .* since the last checkpoint$/);
    expect(decisionsOf(journal)).toEqual(whole);
  });
});

it("where all checkpoints are damaged, the training begins anew from its seed, and ends the same", async () => {
  const { journal, paths, whole } = await stopped();
  for (const path of paths) flipOneBit(join(folder, path));
  expect((await start(journal)).kind).toBe("done");
  expect(notices.filter((line) => line.includes("cannot be used")).length).toBeGreaterThanOrEqual(1);
  expect(notices.find((line) => line.startsWith("running again"))).toContain("since the start of this training");
  expect(decisionsOf(journal)).toEqual(whole);
});
