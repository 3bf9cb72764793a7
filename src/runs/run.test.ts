import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mockSettings, wholePlan } from "../../test/support/plan.js";
import type { Settings } from "../domain/settings.js";
import type { Frame } from "../domain/telemetry.js";
import { memoryJournal } from "../journal/memory.js";
import type { Journal } from "../journal/port.js";
import { mockWorker } from "../worker/mock/worker.js";
import { conduct } from "./conduct.js";
import { files, findRun, listRuns, reachedItsEnd, readRun } from "./folder.js";
import { claim, ownerOf } from "./owner.js";
import { createRun, openRun } from "./run.js";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "danas-runs-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const checkpoints = { everySeconds: 0, keep: 1, rounds: false };
const settings = (): Settings => ({
  ...{ plan: wholePlan(), checkpoints, runFolder: join(cwd, "runs/tiny"), resolvedYaml: "name: tiny\n" },
  worker: { kind: "mock", ...mockSettings },
});
const create = (force = false, onNotice = (_: string) => {}) =>
  createRun(settings(), { original: "# as written\n", force, cwd, onNotice });
const chosenIn = (journal: Journal) =>
  [...journal.entries()].flatMap(({ decisions }) => decisions.filter(({ type }) => type === "choose"));

describe("a run without a terminal", () => {
  it("is made, stopped, found, gone on with and read, to the same end as one that was never stopped", async () => {
    const run = create();
    expect(readFileSync(join(run.folder, files.config), "utf8")).toBe("# as written\n");
    const stop = new AbortController();
    const hooks = { onEntry: ({ seq }: { seq: number }) => void (seq === 20 && stop.abort()) };
    const stopped = await conduct(run, { worker: mockWorker(mockSettings), checkpoints, signal: stop.signal, hooks });
    run.close();
    expect(stopped.kind).toBe("interrupted");
    const folder = findRun("tiny", { cwd });
    expect(listRuns({ cwd })).toEqual([folder]);
    expect(readRun(folder, reachedItsEnd)).toBe(false);

    const again = openRun(folder);
    const ended = await conduct(again, { worker: mockWorker(mockSettings), checkpoints });
    again.close();
    expect(ended.kind).toBe("done");
    expect(readRun(folder, reachedItsEnd)).toBe(true);

    const journal = memoryJournal(wholePlan());
    await conduct({ folder: cwd, journal }, { worker: mockWorker(mockSettings), checkpoints });
    expect(readRun(folder, chosenIn)).toEqual(chosenIn(journal));
  });

  it("shows what the worker shows of itself to who asks for it", async () => {
    const plan = wholePlan({ programs: ["rank"] });
    const worker = mockWorker({ ...mockSettings, stepMs: 2 }, { telemetry: "tcp://127.0.0.1:*" });
    const kinds = new Set<string>();
    const onFrame = ({ run, news }: Frame) => void kinds.add(`${news.kind} of ${run}`);
    await conduct({ folder: cwd, journal: memoryJournal(plan) }, { worker, checkpoints, hooks: { onFrame } });
    await worker.close();
    expect([...kinds]).toEqual([`step of ${plan.name}`]);
  });
});

describe("a run's folder", () => {
  it("is of one process, until it is closed", () => {
    const run = create();
    expect(() => openRun(run.folder)).toThrow(/works on/);
    run.close();
    expect(ownerOf(run.folder)).toBeNull();
    openRun(run.folder).close();
  });

  it("is put aside only where that is asked for, and never while somebody works on it", () => {
    const first = create();
    expect(() => create()).toThrow('there is a run "tiny" already');
    expect(() => create(true)).toThrow(/works on it/);
    first.close();
    const notices: string[] = [];
    create(true, (line) => notices.push(line)).close();
    expect(notices).toEqual(["the run that was there is now tiny.1"]);
    expect(listRuns({ cwd })).toHaveLength(2);
  });

  it("is not said to be gone on with where its journal is of another danas", () => {
    const hint = (does: string) =>
      expect.objectContaining({ code: "E_RUN_EXISTS", hint: expect.stringContaining(does) });
    const { folder, close } = create();
    close();
    expect(() => create()).toThrow(hint("`danas resume tiny` goes on with it"));
    const journal = new Database(join(folder, files.journal));
    journal.exec("UPDATE meta SET schema = schema + 1");
    journal.close();
    expect(() => create()).toThrow(hint("`danas status tiny` says why it cannot be read"));
  });

  it("claims a folder once, takes it over from the dead, and gives it back", () => {
    const first = claim(cwd);
    expect(() => claim(cwd)).toThrow(/works on/);
    first.release();
    expect(ownerOf(cwd)).toBeNull();
    // the number of a process that is long gone, with a beginning that nobody has now
    writeFileSync(join(cwd, "owner.json"), JSON.stringify({ host: hostname(), pid: process.pid, began: "1" }));
    const second = claim(cwd);
    expect(ownerOf(cwd)?.pid).toBe(process.pid);
    second.release();
    writeFileSync(join(cwd, "owner.json"), JSON.stringify({ host: "another-machine", pid: 1, began: "" }));
    expect(() => claim(cwd)).toThrow(/process 1 on another-machine/);
  });
});
