import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Job } from "../domain/job.js";
import { memoryJournal } from "../journal/memory.js";
import type { Journal, JournalEntry } from "../journal/port.js";
import { builtinSpace } from "../spaces/builtins.js";
import { beginChronicle, type Chronicle, tell } from "./chronicle.js";
import { chronicleOf, following } from "./following.js";
import { tellStatus } from "./status.js";
import { tellStory } from "./story.js";
import { prefixOf, type Written, writtenIn } from "./testing/fixed.js";
import { fashionClasses, sampleJournal } from "./testing/sample.js";

const sample: Written = writtenIn(
  sampleJournal({
    space: builtinSpace("quickstart", { channels: 1, height: 28, width: 28 }, 10),
    classes: fashionClasses,
    maxMacs: 6e6,
    mock: false,
    rounds: [
      { name: "warm-up", epochs: 1, classes: 4, prune: 0, gates: false },
      { name: "round 1", epochs: 2, classes: 10, prune: 0.4, gates: true },
    ],
  }),
);
const { plan, entries } = sample;

/** in two sessions, the second begun before entry `again` */
const again = 20;
const sessions = [entries[0].at, entries[again].at - 700];
const record = (startedAt: number, index: number) => ({
  ...{ incarnation: index + 1, startedAt, host: "here", pid: 1, worker: "mock" },
});

/** appends the sample's entries from where the journal stands up to `until`, as a run would that is stopped there */
function write(journal: Journal, until: number): void {
  let next = [...journal.entries()].length;
  for (; next < until; next++) {
    for (const [index, entry] of [0, again].entries()) {
      if (entry === next) journal.beginSession(record(sessions[index], index));
    }
    const { at, event, decisions } = entries[next];
    journal.append({ at, event, decisions });
  }
}

/** the journal, and from which entry on it was read each time */
function watched(journal: Journal): { journal: Journal; reads: number[] } {
  const reads: number[] = [];
  const from = (first = 0) => {
    reads.push(first);
    return first;
  };
  const watching: Journal = {
    ...journal,
    entries: (first) => journal.entries(from(first)),
    events: (first) => journal.events(from(first)),
  };
  return { journal: watching, reads };
}

describe("a chronicle", () => {
  it("is the same in whatever chunks it was told, kept as JSON in between", () => {
    const journal = memoryJournal(plan);
    write(journal, entries.length);
    const whole = chronicleOf(journal);
    const sessionOf = ({ seq }: JournalEntry) => sessions[seq < again ? 0 : 1];
    fc.assert(
      fc.property(fc.array(fc.nat(entries.length)), (stops) => {
        const kept = new Set(stops);
        let told: Chronicle = beginChronicle(plan);
        for (const entry of entries) {
          if (kept.has(entry.seq)) told = JSON.parse(JSON.stringify(told));
          tell(told, entry, sessionOf(entry));
        }
        expect(told).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it("grows with what was decided, not with the jobs", () => {
    const steps = [
      { paths: [{ architecture: plan.space.slots.map(() => 0), weight: 1 }], learningRate: 0.1, batch: 0 },
    ];
    const job: Job = { kind: "train", stream: "train", scope: "all", steps };
    const timing = { totalMs: 1, dataMs: 1, computeMs: 1, waitMs: 1 };
    const told = beginChronicle(plan);
    const sizeAfter = (jobs: number): number => {
      for (let id = told.entries; id < jobs; id++) {
        const answer = {
          jobId: id - 1,
          signal: { kind: "train", losses: [1], accuracies: [1], samples: 1 },
          timing,
        } as const;
        tell(
          told,
          { seq: id, at: id, event: { type: "job-finished", answer }, decisions: [{ type: "issue", id, job }] },
          0,
        );
      }
      return JSON.stringify(told).length;
    };
    const first = sizeAfter(10);
    // a few numbers have more digits
    expect(sizeAfter(5000)).toBeLessThan(first + 100);
    expect(told.efforts[0].jobs).toBe(5000);
  });

  it("held open, it tells what the journal tells at each entry, and what it told stays as it was", () => {
    const told = beginChronicle(plan);
    const stories: [held: string, read: string][] = [];
    const held = entries.map((entry) => {
      tell(told, entry, entries[0].at);
      return tellStory(prefixOf(sample, entry.seq + 1, null), { told });
    });
    for (const [index, story] of held.entries()) {
      stories.push([JSON.stringify(story), JSON.stringify(tellStory(prefixOf(sample, index + 1, null)))]);
    }
    for (const [one, other] of stories) expect(one).toBe(other);
  });
});

describe("a journal that is followed", () => {
  const saveEvery = 9;

  it("is told of from where the story was saved last, the same as from the beginning", () => {
    const journal = memoryJournal(plan);
    for (const until of [1, 15, again, again + 1, entries.length - 3]) {
      write(following(journal, "this", saveEvery), until);
      const looked = watched(journal);
      const story = tellStory(looked.journal, { logic: "this" });
      expect(looked.reads).toEqual([until - (until % saveEvery)]);
      expect(story).toEqual(tellStory(journal));
      const { progress: _this, ...status } = tellStatus(journal, { logic: "this" });
      const { progress: _none, ...anew } = tellStatus(journal);
      expect(status).toEqual(anew);
    }
    expect(journal.savedState("story")?.seq).toBe(Math.floor((entries.length - 3) / saveEvery) * saveEvery - 1);
  });

  it("is read whole where another logic saved: a saved story is a short cut, never the truth", () => {
    const journal = memoryJournal(plan);
    write(following(journal, "another", saveEvery), again);
    journal.saveState({ ...journal.savedState("story")!, state: { wrong: true } });
    const looked = watched(journal);
    expect(tellStory(looked.journal, { logic: "this" })).toEqual(tellStory(journal));
    expect(looked.reads).toEqual([0]);
  });
});
