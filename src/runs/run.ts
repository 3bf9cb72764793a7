import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DanasError } from "../domain/errors.js";
import type { Settings } from "../domain/settings.js";
import type { Journal } from "../journal/port.js";
import { createJournal, openJournal } from "../journal/sqlite.js";
import { type At, files, isFinished, isRun, journalOf, shortName } from "./folder.js";
import { claim, isAlive, ownerOf } from "./owner.js";

/** A run that this process works on, and until `close` no other. */
export interface Run {
  /** absolute */
  readonly folder: string;
  readonly journal: Journal;
  close(): void;
}

export interface CreateOptions extends At {
  /** what the person wrote */
  readonly original: string;
  /** put an existing run of that name aside */
  readonly force: boolean;
  /** one line for people: where that run is now */
  onNotice?(message: string): void;
}

/** @throws DanasError E_RUN_EXISTS, E_RUN_FOLDER, E_RUN_BUSY */
export function createRun(settings: Settings, options: CreateOptions): Run {
  createRunFolder(settings, options);
  return claimed(settings.runFolder, () => beginJournal(settings));
}

/** A run to be gone on with. @throws DanasError E_RUN_BUSY */
export const openRun = (folder: string): Run => claimed(folder, () => openJournal(journalOf(folder)));

function claimed(folder: string, open: () => Journal): Run {
  const owned = claim(folder);
  try {
    const journal = open();
    const close = () => {
      journal.close();
      owned.release();
    };
    return { folder, journal, close };
  } catch (error) {
    owned.release();
    throw error;
  }
}

function createRunFolder({ runFolder, resolvedYaml }: Settings, options: CreateOptions): void {
  if (isRun(runFolder)) {
    if (!options.force) {
      const name = shortName(runFolder, options);
      const finished = isFinished(runFolder);
      const unfinished = finished === null ? ["status", "says why it cannot be read"] : ["resume", "goes on with it"];
      const [command, does] = finished ? ["report", "tells of it"] : unfinished;
      throw new DanasError("E_RUN_EXISTS", `there is a ${finished ? "finished " : ""}run "${name}" already`, {
        hint: `\`danas ${command} ${name}\` ${does}; --name takes another name; --force puts it aside`,
      });
    }
    putAside(runFolder, options);
  }
  try {
    mkdirSync(runFolder, { recursive: true, mode: 0o700 });
    // a folder that was there already keeps nobody out
    chmodSync(runFolder, 0o700);
    mkdirSync(join(runFolder, "checkpoints"), { recursive: true, mode: 0o700 });
    const write = (name: string, text: string) => writeFileSync(join(runFolder, name), text, { mode: 0o600 });
    write(files.config, options.original);
    write(files.resolved, `# as danas understood config.yaml: every default written out\n${resolvedYaml}`);
  } catch (error) {
    throw new DanasError("E_RUN_FOLDER", `cannot write ${runFolder}: ${(error as Error).message}`, {
      hint: "set `runs` to a folder that you may write, on a disk with room",
      exitCode: 1,
      cause: error,
    });
  }
}

/**
 * The journal of a new run, and then plan.json, which says that the run is there: a kill before that moment leaves a folder
 * that counts for nothing and is used again.
 */
function beginJournal({ runFolder, plan, worker }: Settings): Journal {
  const file = journalOf(runFolder);
  for (const left of [file, `${file}-wal`, `${file}-shm`]) rmSync(left, { force: true });
  // nobody mourns a mock run that the loss of power took: its journal need not be flushed at each entry
  const journal = createJournal(file, plan, { synchronous: worker.kind === "mock" ? "normal" : "full" });
  const fresh = join(runFolder, `${files.plan}.tmp`);
  try {
    writeFileSync(fresh, `${JSON.stringify(plan)}\n`, { mode: 0o600 });
    renameSync(fresh, join(runFolder, files.plan));
  } catch (error) {
    journal.close();
    throw error;
  }
  return journal;
}

function putAside(folder: string, { onNotice, ...at }: CreateOptions): void {
  const owner = ownerOf(folder);
  if (owner && isAlive(owner) !== false) {
    throw new DanasError("E_RUN_BUSY", `process ${owner.pid} on ${owner.host} works on it`, {
      hint: "stop it first, or take another --name",
      exitCode: 1,
    });
  }
  let number = 1;
  while (existsSync(`${folder}.${number}`)) number++;
  renameSync(folder, `${folder}.${number}`);
  onNotice?.(`the run that was there is now ${shortName(`${folder}.${number}`, at)}`);
}
