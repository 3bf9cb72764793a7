import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../src/domain/plan.js";
import { memoryJournal } from "../src/journal/memory.js";
import type { Journal } from "../src/journal/port.js";
import { renderHtml } from "../src/render/html.js";
import { renderJson } from "../src/render/json.js";
import { renderMarkdown } from "../src/render/markdown.js";
import { run } from "../src/runner/run.js";
import { explain, renderExplanation } from "../src/story/explain.js";
import { renderStatus, tellStatus } from "../src/story/status.js";
import { type Story, tellStory } from "../src/story/story.js";
import { mockNotice } from "../src/story/telling.js";
import { prefixOf, type Written, writtenIn } from "../src/story/testing/fixed.js";
import { shortPlans } from "../src/strategies/testing/plans.js";
import { mockWorker } from "../src/worker/mock/worker.js";
import { mockSettings, wholePlan } from "./support/plan.js";

/** Reports of real runs on the mock worker, whole and broken off anywhere. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-report-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function recorded(plan: Plan): Promise<Journal> {
  const journal = memoryJournal(plan);
  let now = Date.UTC(2026, 2, 14, 9, 26);
  const ending = await run({
    ...{ plan, journal, worker: mockWorker(mockSettings), runFolder: folder },
    ...{ checkpoints: { everySeconds: 1, keep: 2, rounds: false }, clock: { now: () => (now += 250) } },
    ...{ signal: new AbortController().signal, owner: { host: "here", pid: 1, versions: { node: "20" } } },
  });
  expect(ending.kind).toBe("done");
  return journal;
}

/** numbers that were not there and objects that were printed */
const slips = /NaN|undefined|Infinity|\[object|null %/;

function renderings(story: Story, journal: Journal): string[] {
  const slot = story.slots[story.slots.length - 1];
  return [
    renderMarkdown(story),
    renderExplanation(explain(story)),
    ...story.slots.map(({ name }) => renderExplanation(explain(story, { slot: name }))),
    ...slot.candidates.map(({ name }) => renderExplanation(explain(story, { slot: slot.name, candidate: name }))),
    renderStatus(tellStatus(journal)),
  ];
}

const outcomes = [null, "interrupted", "worker-lost", "failed"] as const;

function checkEveryPrefix(written: Written): void {
  for (let count = 0; count <= written.entries.length; count++) {
    const journal = prefixOf(written, count, outcomes[count % outcomes.length]);
    const story = tellStory(journal);
    expect(JSON.parse(renderJson(story))).toEqual(story);
    for (const text of renderings(story, journal)) {
      expect(text).not.toMatch(slips);
      expect(text.includes(mockNotice)).toBe(journal.sessions().length > 0);
    }
    // a page takes longer, and looks alike until something other than a job was decided
    const told = written.entries[count - 1]?.decisions.some(({ type }) => type !== "issue") ?? true;
    if (told) expect(renderHtml(story).replace(/<style>[\s\S]*?<\/style>/, "")).not.toMatch(slips);
  }
}

describe.each(Object.values(shortPlans))("a run of $name", (strategy) => {
  let journal: Journal;
  let story: Story;
  beforeAll(async () => {
    journal = await recorded(wholePlan({ strategy }));
    story = tellStory(journal);
  });

  it("is told whole and broken off after any entry", () => checkEveryPrefix(writtenIn(journal)));

  it("adds up the images and multiply-adds that the run itself counted", () => {
    const finish = [...journal.entries()]
      .flatMap(({ decisions }) => decisions)
      .find((decision) => decision.type === "finish");
    if (finish?.type !== "finish") throw new Error("the run did not finish");
    const trained = story.effort.programs.filter(({ samples }) => samples > 0);
    expect(Object.fromEntries(trained.map(({ program, samples }) => [program, samples]))).toEqual(
      finish.result.samplesTrained,
    );
    expect(Object.fromEntries(trained.map(({ program, macs }) => [program, macs]))).toEqual(finish.result.macsTrained);
  });

  it("gives each candidate one fate: one a slot is chosen, and cut are those that were cut", () => {
    expect(story.status).toEqual({ kind: "done" });
    for (const [at, { candidates }] of story.slots.entries()) {
      expect(candidates.map(({ fate }) => fate.kind).filter((kind) => kind === "chosen")).toHaveLength(1);
      expect(candidates[story.found?.architecture[at] ?? -1].fate.kind).toBe("chosen");
    }
    const cut = story.slots.flatMap(({ candidates }) => candidates.filter(({ fate }) => fate.kind === "cut"));
    const last = story.prunes.at(-1)?.alive ?? [];
    const gone = last.reduce((sum, alive, at) => sum + story.slots[at].candidates.length - alive.length, 0);
    expect(cut).toHaveLength(gone);
  });

  it("counts for what was cut as often trained and gated as the search did when it cut", () => {
    for (const { candidates } of story.slots) {
      for (const { fate, timesTrained, timesGated } of candidates) {
        if (fate.kind !== "cut") continue;
        expect([timesTrained, timesGated]).toEqual([fate.timesTrained, fate.timesGated]);
      }
    }
  });
});

describe("an explanation", () => {
  it("ends a cut candidate's story with the probability at which it was cut", async () => {
    const story = tellStory(await recorded(wholePlan()));
    const cuts = story.prunes.flatMap((prune) => prune.cuts);
    expect(cuts.length).toBeGreaterThan(0);
    for (const cut of cuts) {
      const slot = story.slots[cut.slot];
      const told = explain(story, { slot: slot.name, candidate: slot.candidates[cut.candidate].name });
      if (told.kind !== "candidate") throw new Error(told.kind);
      expect(told.trajectory.at(-1)?.[1]).toBeCloseTo(cut.probability, 9);
      expect(told.place?.at).toBeGreaterThan(1);
    }
  });
});

describe("a run that does less", () => {
  it("only ranks: the page shows the classes, and nothing of a search", async () => {
    const journal = await recorded(wholePlan({ programs: ["rank"] }));
    const story = tellStory(journal);
    expect(story.found).toBeNull();
    expect(story.ranking?.classes).toHaveLength(6);
    const page = renderHtml(story);
    expect(page).toContain("The classes are ranked");
    expect(page).toContain('id="difficulty"');
    expect(page).not.toMatch(/id="(network|decisions|reasons|probabilities)"/);
    checkEveryPrefix(writtenIn(journal));
  });

  it("only retrains: the network is there from the start, its test accuracy at the end", async () => {
    const given = {
      architecture: [1, 2, 0, 1],
      epochs: 2,
      recipe: wholePlan().retrain.recipe,
      split: "train",
      test: true,
      export: true,
    } as const;
    const journal = await recorded(wholePlan({ programs: ["retrain"], ranking: { source: "none" }, retrain: given }));
    const written = writtenIn(journal);
    expect(tellStory(prefixOf(written, 2, null)).found).toMatchObject({
      architecture: [1, 2, 0, 1],
      testAccuracy: null,
    });
    const { found, curves } = tellStory(journal);
    expect(found?.testAccuracy).toBeGreaterThan(0);
    expect(found?.testPerClass).toHaveLength(6);
    expect(curves.map(({ series, points }) => [series, points.length])).toEqual([
      ["retrain-train-loss", 2],
      ["retrain-valid-accuracy", 2],
    ]);
    checkEveryPrefix(written);
  });
});
