import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "../domain/plan.js";
import { memoryJournal } from "../journal/memory.js";
import { checkpointAfter, checkpointOfRound, removeOld, removeUnknown } from "./keeping.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-keeping-"));
  mkdirSync(join(folder, "checkpoints"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = () => readdirSync(join(folder, "checkpoints")).sort();

function written(paths: readonly string[]) {
  const journal = memoryJournal({ version: 1, name: "a run" } as Plan);
  for (const [index, path] of paths.entries()) {
    writeFileSync(join(folder, path), path);
    journal.recordCheckpoint({ afterJob: index, path, sha256: "", bytes: 1, at: index });
  }
  return journal;
}

const course = [
  checkpointAfter(3),
  checkpointOfRound(1),
  checkpointAfter(9),
  checkpointAfter(14),
  checkpointOfRound(2),
  checkpointAfter(20),
];

describe("checkpoints", () => {
  it("that stay are the last so many, and one of each round", () => {
    const journal = written(course);
    removeOld(journal, { everySeconds: 1, keep: 2, rounds: true }, folder);
    expect(journal.checkpoints().map(({ path }) => path)).toEqual(
      course.slice(1).filter((path) => !path.includes("-9")),
    );
    expect(files()).toEqual(["after-14.pt", "after-20.pt", "round-1.pt", "round-2.pt"]);
  });

  it("of rounds make room for later ones where they are not wanted", () => {
    removeOld(written(course), { everySeconds: 1, keep: 1, rounds: false }, folder);
    expect(files()).toEqual(["after-20.pt", "round-2.pt"]);
  });

  it("written again under the same name are kept once", () => {
    removeOld(written([checkpointAfter(3), checkpointAfter(3)]), { everySeconds: 1, keep: 1, rounds: false }, folder);
    expect(files()).toEqual(["after-3.pt"]);
  });

  it("that the journal does not know, whole or half written, are cleared away", () => {
    const journal = written([checkpointAfter(3)]);
    writeFileSync(join(folder, "checkpoints/after-9.pt"), "its record was never written");
    writeFileSync(join(folder, "checkpoints/after-9.pt.tmp"), "half of");
    removeUnknown(journal, folder);
    expect(files()).toEqual(["after-3.pt"]);
  });

  it("need no folder before the first one is written", () => {
    rmSync(join(folder, "checkpoints"), { recursive: true });
    removeUnknown(written([]), folder);
    expect(existsSync(join(folder, "checkpoints"))).toBe(false);
  });
});
