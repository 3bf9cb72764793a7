import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Decision } from "../src/domain/decision.js";
import type { Plan } from "../src/domain/plan.js";
import { memoryJournal } from "../src/journal/memory.js";
import type { Journal } from "../src/journal/port.js";
import { type Ending, run } from "../src/runner/run.js";
import { chronicleOf, following } from "../src/story/following.js";
import { shortPlans } from "../src/strategies/testing/plans.js";
import { rng } from "../src/util/rng.js";
import { mockWorker } from "../src/worker/mock/worker.js";
import type { Worker } from "../src/worker/port.js";
import { Fuse, fusedJournal, fusedWorker, Killed } from "./support/kill.js";
import { mockSettings, wholePlan } from "./support/plan.js";
import { torture } from "./support/torture.js";

/**
 * The orchestrator is killed at a place, and started again: the search must end as if nothing had been. Places are before
 * and after every append, every command to the worker and every record of a checkpoint, and when an answer comes.
 */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-kill-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const logic = "of the test";

function start(journal: Journal, worker: Worker): Promise<Ending> {
  // not before what the killed one wrote
  let now = Math.max(
    0,
    ...[...journal.latest()].map(({ at }) => at),
    ...journal.sessions().map((one) => one.startedAt),
  );
  return run({
    ...{ plan: journal.plan, journal: following(journal, logic, 7), worker, runFolder: folder },
    clock: { now: () => now },
    // five seconds every five entries: checkpoints, which themselves take no time, come at the same places each time
    hooks: { onEntry: ({ seq }) => void (now += seq % 5 === 0 ? 5000 : 0) },
    ...{ logic, saveEvery: 7 },
    checkpoints: { everySeconds: 5, keep: 2, rounds: true },
    signal: new AbortController().signal,
    owner: { host: "here", pid: 1, versions: {} },
  });
}

const decisionsOf = (journal: Journal): Decision[] => [...journal.entries()].flatMap((entry) => entry.decisions);

/** whether the worker dies with its orchestrator, as a local one does, or waits for the next, as a remote one does */
const workers = {
  "that dies with it": () => {
    return () => mockWorker(mockSettings);
  },
  "that stays": () => {
    const one = mockWorker(mockSettings);
    return () => one;
  },
} satisfies Record<string, () => () => Worker>;

async function killedAt(journal: Journal, worker: Worker, at: number): Promise<Fuse> {
  const fuse = new Fuse(at);
  try {
    const ending = await start(fusedJournal(journal, fuse), fusedWorker(worker, fuse));
    expect(ending.kind).toBe("done");
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  return fuse;
}

async function whole(plan: Plan): Promise<{ decisions: Decision[]; places: string[] }> {
  const journal = memoryJournal(plan);
  const fuse = await killedAt(journal, mockWorker(mockSettings), Number.POSITIVE_INFINITY);
  return { decisions: decisionsOf(journal), places: fuse.places };
}

describe.each(Object.values(shortPlans))("a $name search whose orchestrator is killed", (strategy) => {
  it.each(Object.entries(workers))("anywhere, with a worker %s, goes on to the same end", async (_, makeWorkers) => {
    const plan = wholePlan({ strategy });
    const { decisions, places } = await whole(plan);
    // all places in the long form; in the short one a stride, coprime to the pattern of places, that meets each kind
    const stride = torture.on ? 1 : 29;
    let kills = 0;
    for (let at = 0; at < places.length; at += stride) {
      rmSync(join(folder, "checkpoints"), { recursive: true, force: true });
      const journal = memoryJournal(plan);
      const worker = makeWorkers();
      const fuse = await killedAt(journal, worker(), at);
      expect(fuse.dead, `place ${at}: ${places[at]}`).toBe(true);
      kills++;
      expect((await start(journal, worker())).kind).toBe("done");
      expect(decisionsOf(journal), `killed at place ${at}: ${places[at]}`).toEqual(decisions);
      expect(chronicleOf(journal, logic), `killed at place ${at}: ${places[at]}`).toEqual(chronicleOf(journal));
    }
    torture.count(`kill points, ${strategy.name}`, kills);
    expect(places.length).toBeGreaterThan(100);
    for (const kind of ["record of checkpoints/after-", "entry job-finished", "saving the state", "(train)"]) {
      expect(places.some((place) => place.includes(kind))).toBe(true);
    }
  });

  it("again and again, at random places, goes on to the same end", async () => {
    const plan = wholePlan({ strategy });
    const { decisions } = await whole(plan);
    const draw = rng(torture.seed).fork("kills").fork(strategy.name);
    for (let trial = 0; trial < (torture.on ? 50 : 2); trial++) {
      rmSync(join(folder, "checkpoints"), { recursive: true, force: true });
      const journal = memoryJournal(plan);
      let kills = 0;
      // later starts have less left to pass: a fuse beyond the end lets the run finish
      for (;;) {
        const fuse = await killedAt(journal, mockWorker(mockSettings), draw.int(160));
        if (!fuse.dead) break;
        kills++;
        if (kills > 200) throw new Error(`no progress after ${kills} kills`);
      }
      torture.count(`random kills, ${strategy.name}`, kills);
      expect(decisionsOf(journal), `seed ${torture.seed}, trial ${trial}, ${kills} kills`).toEqual(decisions);
    }
  });
});
