import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "../domain/plan.js";
import { memoryJournal } from "./memory.js";
import type { Journal } from "./port.js";
import { createJournal, openJournal } from "./sqlite.js";

// a journal keeps a plan, it does not read it
const plan = { version: 1, name: "a run", seed: 5 } as Plan;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, "journal.db");

const entry = (at: number) => ({
  at,
  event: { type: "run-started" } as const,
  decisions: [{ type: "begin-program", program: `program ${at}` } as const],
});

const adapters: readonly [string, () => Journal][] = [
  ["memory", () => memoryJournal(plan)],
  ["sqlite", () => createJournal(file(), plan)],
];

describe.each(adapters)("the %s journal", (_, make) => {
  it("gives back the plan, and entries numbered from 0 without gaps", () => {
    const journal = make();
    expect(journal.plan).toEqual(plan);
    for (let i = 0; i < 1200; i++) expect(journal.append(entry(i)).seq).toBe(i);
    const all = [...journal.entries()];
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 1200 }, (_, i) => i));
    expect(all[7]).toEqual({ seq: 7, ...entry(7) });
    expect([...journal.entries(1198)].map(({ at }) => at)).toEqual([1198, 1199]);
    expect([...journal.events(3)]).toEqual(all.slice(3).map(({ event }) => event));
    journal.close();
  });

  it("is read from its end as well, and while it grows", () => {
    const journal = make();
    for (let i = 0; i < 1200; i++) journal.append(entry(i));
    expect([...journal.latest()].map(({ seq }) => seq)).toEqual(Array.from({ length: 1200 }, (_, i) => 1199 - i));
    journal.append(entry(1200));
    for (const newest of journal.latest()) {
      expect(newest).toEqual({ seq: 1200, ...entry(1200) });
      break;
    }
    journal.close();
  });

  it("keeps the last saved state of each name", () => {
    const journal = make();
    expect(journal.savedState("run")).toBeNull();
    const story = { name: "story", seq: 5, by: "danas 1", state: [1] };
    const last = { name: "run", seq: 8, by: "danas 2", state: { phase: "done", deep: [1, { x: null }] } };
    journal.saveState({ name: "run", seq: 3, by: "danas 1", state: { phase: "new" } });
    journal.saveState(story);
    journal.saveState(last);
    expect(journal.savedState("run")).toEqual(last);
    expect(journal.savedState("story")).toEqual(story);
    journal.close();
  });

  it("keeps checkpoints, oldest first, and how sessions ended", () => {
    const journal = make();
    const record = (afterJob: number) => ({ afterJob, path: `p${afterJob}`, sha256: "ab", bytes: 5, at: 1.5 });
    journal.recordCheckpoint(record(9));
    journal.recordCheckpoint(record(3));
    expect(journal.checkpoints()).toEqual([record(9), record(3)]);
    journal.recordCheckpoint({ ...record(9), sha256: "cd" });
    expect(journal.checkpoints()).toEqual([record(3), { ...record(9), sha256: "cd" }]);
    journal.dropCheckpoints(["p3", "p4"]);
    expect(journal.checkpoints()).toEqual([{ ...record(9), sha256: "cd" }]);
    const begun = { incarnation: 1, startedAt: 10, host: "h", pid: 2, worker: "mock" };
    const open = { endedAt: null, outcome: null, message: null };
    journal.beginSession(begun);
    expect(journal.sessions()).toEqual([{ ...begun, mock: false, versions: {}, ...open }]);
    const welcome = { worker: "mock h 2", mock: true, versions: { node: "v20" } };
    journal.welcomeSession(1, welcome);
    expect(journal.sessions()).toEqual([{ ...begun, ...welcome, ...open }]);
    journal.endSession(1, { at: 20, outcome: "done", message: null });
    expect(journal.sessions()).toEqual([{ ...begun, ...welcome, endedAt: 20, outcome: "done", message: null }]);
    journal.close();
  });

  it("does not change what was appended when the caller changes it later", () => {
    const journal = make();
    const mine = {
      ...entry(1),
      decisions: [{ type: "begin-program", program: "before" }] as { type: string; program: string }[],
    };
    journal.append(mine as never);
    mine.decisions[0].program = "after";
    expect([...journal.entries()][0].decisions).toEqual([{ type: "begin-program", program: "before" }]);
    journal.close();
  });
});

describe("the sqlite journal", () => {
  it.each([
    [1, "an earlier danas"],
    [2, "an earlier danas"],
    [99, "a later danas"],
  ])("refuses one of version %i, of %s, with a way on", (schema, by) => {
    createJournal(file(), plan).close();
    const database = new Database(file());
    database.prepare("UPDATE meta SET schema = ?").run(schema);
    // the first version had no id yet
    if (schema === 1) database.exec("ALTER TABLE meta DROP COLUMN id");
    database.close();
    const refused = expect.objectContaining({
      code: "E_JOURNAL_VERSION",
      message: expect.stringContaining(`${file()} was made by ${by}`),
      hint: expect.stringContaining("run the search again"),
    });
    expect(() => openJournal(file())).toThrow(refused);
    expect(() => openJournal(file(), { readonly: true })).toThrow(refused);
  });

  it("is private, and refuses to begin where one is", () => {
    createJournal(file(), plan).close();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(() => createJournal(file(), plan)).toThrow(/is there already/);
  });

  it("says what is wrong with a file that is no journal, or none at all", () => {
    expect(() => openJournal(file())).toThrow(/there is no journal/);
    writeFileSync(file(), "not a database, but long enough to be taken for one at first sight".repeat(20));
    expect(() => openJournal(file())).toThrow(/E_JOURNAL|not a database|malformed/);
  });

  it("lets another connection read while it is written", () => {
    const writer = createJournal(file(), plan);
    const reader = openJournal(file(), { readonly: true });
    writer.append(entry(1));
    expect([...reader.entries()]).toHaveLength(1);
    writer.append(entry(2));
    expect([...reader.entries(1)].map(({ at }) => at)).toEqual([2]);
    expect(() => reader.append(entry(3))).toThrow();
    writer.close();
    reader.close();
  });

  it("lets only one of two writers have the next number", () => {
    const first = createJournal(file(), plan);
    const second = openJournal(file());
    first.append(entry(1));
    expect(() => second.append(entry(2))).toThrow(/E_JOURNAL|UNIQUE/);
    first.close();
    second.close();
  });

  it("has an appended entry after its process was killed", async () => {
    const source = fileURLToPath(new URL("./sqlite.ts", import.meta.url));
    const program = `
      import { createJournal } from ${JSON.stringify(source)};
      const journal = createJournal(${JSON.stringify(file())}, { version: 1, name: "killed" });
      for (let i = 0; ; i++) console.log(journal.append({ at: i, event: { type: "run-started" }, decisions: [] }).seq);
    `;
    const script = join(folder, "append.mts");
    writeFileSync(script, program);
    const child = spawn(process.execPath, ["--import", "tsx", script], { stdio: ["ignore", "pipe", "inherit"] });
    let told = -1;
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      told = Number(line);
      if (told === 50) child.kill("SIGKILL");
    });
    await once(child, "close");
    const journal = openJournal(file());
    const seqs = [...journal.entries()].map(({ seq }) => seq);
    expect(told).toBeGreaterThanOrEqual(50);
    expect(seqs.length).toBeGreaterThan(told);
    expect(seqs).toEqual(seqs.map((_, index) => index));
    journal.close();
  });
});
