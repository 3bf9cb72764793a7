import { describe, expect, it } from "vitest";
import type { Decision, GoBack } from "../domain/decision.js";
import type { Event } from "../domain/event.js";
import type { Failure, Signal } from "../domain/signal.js";
import type { Journal, JournalEntry, SessionRecord } from "../journal/port.js";
import { renderHtml } from "../render/html.js";
import { renderMarkdown } from "../render/markdown.js";
import { builtinSpace } from "../spaces/builtins.js";
import { explain, renderExplanation } from "./explain.js";
import { renderStatus, tellStatus } from "./status.js";
import { tellStory } from "./story.js";
import { fixedJournal, prefixOf, type Written, writtenIn } from "./testing/fixed.js";
import { fashionClasses, sampleJournal } from "./testing/sample.js";

const sample = writtenIn(
  sampleJournal({
    space: builtinSpace("quickstart", { channels: 1, height: 28, width: 28 }, 10),
    classes: fashionClasses,
    maxMacs: 6e6,
    mock: false,
    name: "it's a run",
    rounds: [
      { name: "warm-up", epochs: 2, classes: 4, prune: 0, gates: false },
      { name: "round 1", epochs: 3, classes: 7, prune: 0.4, gates: true },
      { name: "round 2", epochs: 3, classes: 10, prune: 0.4, gates: true },
    ],
  }),
);

/** right after the first pruning round was opened */
const inRoundOne =
  1 +
  sample.entries.findIndex(({ decisions }) =>
    decisions.some((decision) => decision.type === "open-round" && decision.round === 1),
  );

const session = (
  incarnation: number,
  startedAt: number,
  outcome: string | null,
  message: string | null = null,
): SessionRecord => ({
  ...{ incarnation, startedAt, host: "here", pid: 1, worker: "w", mock: false, versions: {} },
  ...{ endedAt: outcome === null ? null : startedAt + 1000, outcome, message },
});

/** a journal of a few entries, each at its time, on the sample's plan */
function written(
  entries: readonly { at: number; event?: Event; decisions?: readonly Decision[] }[],
  sessions: readonly SessionRecord[],
): Journal {
  const numbered = entries.map(
    ({ at, event = { type: "run-started" }, decisions = [] }, seq): JournalEntry => ({ seq, at, event, decisions }),
  );
  return fixedJournal({ plan: sample.plan, entries: numbered, sessions, checkpoints: [] });
}

const finished = (jobId: number, signal: Signal, totalMs = 0): Event => ({
  type: "job-finished",
  answer: { jobId, signal, timing: { totalMs, dataMs: totalMs / 4, computeMs: totalMs / 2, waitMs: 7 } },
});
const trained: Signal = { kind: "train", losses: [1], accuracies: [0.5], samples: 128 };
const train = (id: number): Decision => ({
  ...{ type: "issue", id },
  job: { kind: "train", stream: "train", scope: "all", steps: [] },
});

describe("time", () => {
  it("goes to the program that was at work, and pauses between sessions to none", () => {
    const journal = written(
      [
        { at: 1000 },
        { at: 1500, event: finished(0, trained), decisions: [{ type: "begin-program", program: "rank" }, train(1)] },
        {
          at: 3500,
          event: finished(1, trained, 800),
          decisions: [{ type: "begin-program", program: "search" }, train(2)],
        },
        // stopped here; taken up again at 100,000, the first answer 600 ms later
        { at: 100_600, event: finished(2, trained, 500), decisions: [train(3)] },
        { at: 101_000, event: finished(3, trained, 300) },
      ],
      [session(1, 1000, "interrupted"), session(2, 100_000, null)],
    );
    const { effort } = tellStory(journal);
    expect(effort.programs.map(({ program, wallMs, jobs }) => [program, wallMs, jobs])).toEqual([
      ["inspect", 500, 1],
      ["rank", 2000, 1],
      ["search", 1000, 2],
    ]);
    expect(effort.programs[2]).toMatchObject({ workerMs: 800, dataMs: 200, computeMs: 400, waitMs: 14 });
    expect(effort.wallMs).toBe(3500);
  });
});

describe("where a run stands", () => {
  const began = [{ at: 1000 }, { at: 1500, decisions: [{ type: "begin-program", program: "rank" } as const] }];
  const failure: Failure = {
    ...{ code: "non_finite", message: "the loss is not finite", hint: "lower the learning rate", step: null },
  };
  const commandOf = (journal: Journal) => tellStory(journal).commands[0].line;

  it("is running while its session is open, and killed when its process is known to be gone", () => {
    const journal = written(began, [session(1, 1000, null)]);
    expect(tellStory(journal).status).toEqual({ kind: "running", doing: "ranking the classes" });
    expect(tellStory(journal, { alive: false }).status).toMatchObject({
      kind: "interrupted",
      message: expect.stringContaining("killed"),
    });
  });

  it("is new before anything happened", () => {
    expect(tellStory(written([], [])).status).toEqual({ kind: "new" });
    expect(tellStory(written([], []), { alive: false }).status).toEqual({ kind: "new" });
  });

  it("is interrupted after a stop or a lost worker, and says how to go on, quoted for a shell", () => {
    const stopped = written(began, [session(1, 1000, "interrupted")]);
    expect(tellStory(stopped).status).toMatchObject({ kind: "interrupted", doing: "ranking the classes" });
    expect(commandOf(stopped)).toBe(`danas resume 'it'\\''s a run'`);
    const lost = written(began, [session(1, 1000, "worker-lost", "exit code 137")]);
    expect(tellStory(lost).status).toMatchObject({ message: "the worker was lost: exit code 137" });
  });

  it("runs on between two sessions, while its process lives", () => {
    const lost = written(began, [session(1, 1000, "worker-lost", "exit code 137")]);
    expect(tellStory(lost, { alive: true }).status).toEqual({ kind: "running", doing: "ranking the classes" });
  });

  it("tells of each loss that was not finite, and what was done", () => {
    const back: GoBack = {
      ...{ type: "go-back", rule: "lower-rate", attempt: 1, tries: 3, failedJob: 17, discarded: [18], rateScale: 0.5 },
      why: "the loss became nan at step 3 (path <k3e3>, learning rate 0.9)",
    };
    const journal = written([...began, { at: 2000, decisions: [back] }], [session(1, 1000, "interrupted")]);
    const story = tellStory(journal);
    expect(story.goneBack).toEqual([{ ...back, at: 2000 }]);
    expect(renderStatus(tellStatus(journal))).toMatch(/^went back +once over a loss that was not finite$/m);
    expect(renderMarkdown(story)).toContain("learning rate 0.9): went back, learning rates times 0.5");
    expect(renderHtml(story)).toContain("the loss became nan at step 3 (path &lt;k3e3&gt;");
  });

  it("has failed for good where the search gave up, and for now where the machine did", () => {
    const gaveUp = written(
      [...began, { at: 2000, decisions: [{ type: "give-up", failure }] }],
      [session(1, 1000, "failed")],
    );
    expect(tellStory(gaveUp).status).toEqual({
      ...{ kind: "failed", doing: "ranking the classes", message: "non-finite: the loss is not finite" },
      ...{ hint: "lower the learning rate", resumable: false },
    });
    expect(tellStory(gaveUp).commands.some(({ line }) => line.includes("resume"))).toBe(false);
    const full = written(began, [session(1, 1000, "failed", "out-of-memory: no room")]);
    expect(tellStory(full).status).toMatchObject({ kind: "failed", resumable: true, hint: null });
    expect(commandOf(full)).toContain("danas resume");
  });

  it("is told in a few lines, with the command that goes on", () => {
    const text = renderStatus(tellStatus(prefixOf(sample, inRoundOne, "interrupted"), { argument: "runs/mine" }));
    expect(text).toMatch(/^run +it's a run\nstatus +interrupted\n/);
    expect(text).toMatch(/stopped +while searching, round 1: stopped on request/);
    expect(text).toMatch(/\n {2}danas resume runs\/mine\n$/);
  });
});

describe("rounds", () => {
  it("say which classes came in and when they were open, in epochs of the search", () => {
    const { rounds, ranking } = tellStory(fixedJournal(sample));
    const order = ranking?.classes.map(({ name }) => name) ?? [];
    expect(rounds.map(({ fromEpoch, toEpoch }) => [fromEpoch, toEpoch])).toEqual([
      [0, 2],
      [2, 5],
      [5, 8],
    ]);
    expect(rounds.map(({ newClasses }) => newClasses)).toEqual([order.slice(0, 4), order.slice(4, 7), order.slice(7)]);
    expect(rounds.at(-1)?.endedAt).not.toBeNull();
    expect(tellStory(prefixOf(sample, inRoundOne, null)).rounds.at(-1)?.endedAt).toBeNull();
  });
});

describe("the mock flag", () => {
  it("stays with a run that was a mock in any of its sessions", () => {
    const mock = { ...session(1, 1000, "interrupted"), mock: true };
    expect(tellStory(written([{ at: 1000 }], [mock, session(2, 5000, null)])).mock).toBe(true);
    expect(tellStory(written([{ at: 1000 }], [session(1, 1000, null)])).mock).toBe(false);
  });
});

describe("explain", () => {
  const story = tellStory(fixedJournal(sample as Written));
  const { cuts, round } = story.prunes[0];
  const cut = cuts[0];
  const slot = story.slots[cut.slot];
  const name = slot.candidates[cut.candidate].name;

  it("says of a cut candidate when, by what margin, against whom, how often tried, and on which classes", () => {
    const explanation = explain(story, { slot: slot.name, candidate: name });
    if (explanation.kind !== "candidate") throw new Error(explanation.kind);
    expect(explanation).toMatchObject({
      ...{ slot: slot.name, name, survivor: slot.candidates[cut.survivor].name, criterion: "probability" },
      fate: { kind: "cut", round, probability: cut.probability, margin: cut.margin },
    });
    expect(explanation.classes).toEqual(story.rounds.find((opened) => opened.round === round)?.classes);
    // warm-up of 2 epochs and a round of 3: what came after the cut is no part of its story
    expect(explanation.trajectory.map(([epoch]) => epoch)).toEqual([1, 2, 3, 4, 5]);
    expect(explanation.trajectory.at(-1)?.[1]).toBeCloseTo(cut.probability, 12);
    const text = renderExplanation(explanation);
    expect(text).toContain(`${name} in slot ${slot.name}: cut at the end of round 1`);
    expect(text).toContain(`${cut.timesTrained} weight steps by then`);
  });

  it("ranks the closest calls by what the margin was of the survivor's share", () => {
    const explanation = explain(story);
    if (explanation.kind !== "run") throw new Error(explanation.kind);
    const shares = explanation.closest.map(({ fate }) =>
      fate.kind === "cut" ? fate.margin / (fate.probability + fate.margin) : 2,
    );
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    const all = story.prunes.flatMap((prune) =>
      prune.cuts.map(({ margin, probability }) => margin / (probability + margin)),
    );
    expect(shares[0]).toBe(Math.min(...all));
  });

  it("takes a slot by name or by number, and shows all of its candidates, the chosen first", () => {
    const byNumber = explain(story, { slot: "2" });
    expect(byNumber).toEqual(explain(story, { slot: story.slots[1].name }));
    if (byNumber.kind !== "slot") throw new Error(byNumber.kind);
    expect(byNumber.candidates).toHaveLength(story.slots[1].candidates.length);
    const [, , , , first] = renderExplanation(byNumber).split("\n");
    expect(first).toMatch(/chosen$|lived/);
  });

  it("names what there is, where something else was asked for", () => {
    const codeOf = (options: Parameters<typeof explain>[1]) => {
      try {
        explain(story, options);
      } catch (error) {
        return error;
      }
      return null;
    };
    expect(codeOf({ slot: "9.9" })).toMatchObject({
      code: "E_SLOT_UNKNOWN",
      hint: expect.stringContaining(story.slots[0].name),
    });
    expect(codeOf({ slot: "0" })).toMatchObject({ code: "E_SLOT_UNKNOWN" });
    expect(codeOf({ slot: slot.name, candidate: "k9e9" })).toMatchObject({
      code: "E_CANDIDATE_UNKNOWN",
      hint: expect.stringContaining(name),
    });
    expect(codeOf({ candidate: name })).toMatchObject({ code: "E_SLOT_MISSING" });
  });
});
