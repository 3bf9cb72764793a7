import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Io } from "../cli/io.js";
import { DanasError } from "../domain/errors.js";
import type { Settings } from "../domain/settings.js";
import type { Journal } from "../journal/port.js";
import { createJournal, openJournal } from "../journal/sqlite.js";
import { closest } from "../util/closest.js";
import { isAlive, ownerOf } from "./owner.js";

/** A run is a folder: the config as it was written, as it was resolved, the plan, the journal, checkpoints, the report. */

export const files = {
  config: "config.yaml",
  resolved: "resolved.yaml",
  plan: "plan.json",
  journal: "journal.db",
  ranking: "ranking.json",
  report: "report.html",
} as const;

export const journalOf = (folder: string): string => join(folder, files.journal);

const isRun = (folder: string): boolean => existsSync(journalOf(folder)) && existsSync(join(folder, files.plan));

/** whether the run reached its end; false also where its journal cannot be read */
function isFinished(folder: string): boolean {
  try {
    const journal = openJournal(journalOf(folder), { readonly: true });
    try {
      return reachedItsEnd(journal);
    } finally {
      journal.close();
    }
  } catch {
    return false;
  }
}

export function reachedItsEnd(journal: Journal): boolean {
  for (const { decisions } of journal.latest()) return decisions.some(({ type }) => type === "finish");
  return false;
}

/** a run's folder as a person would type it */
export function shortName(folder: string, io: Io): string {
  if (dirname(folder) === resolve(io.cwd, "runs")) return basename(folder);
  const short = relative(io.cwd, folder);
  return short === "" || short.startsWith("..") ? folder : short.includes("/") ? short : `./${short}`;
}

export interface CreateOptions {
  /** what the person wrote */
  readonly original: string;
  /** put an existing run of that name aside */
  readonly force: boolean;
}

/** @throws DanasError E_RUN_EXISTS, E_RUN_FOLDER */
export function createRunFolder(
  { runFolder, resolvedYaml }: Settings,
  { original, force }: CreateOptions,
  io: Io,
): void {
  if (isRun(runFolder)) {
    if (!force) {
      const name = shortName(runFolder, io);
      const finished = isFinished(runFolder);
      const instead = finished ? `\`danas report ${name}\` tells of it` : `\`danas resume ${name}\` goes on with it`;
      throw new DanasError("E_RUN_EXISTS", `there is a ${finished ? "finished " : ""}run "${name}" already`, {
        hint: `${instead}; --name takes another name; --force puts it aside`,
      });
    }
    putAside(runFolder, io);
  }
  try {
    mkdirSync(runFolder, { recursive: true, mode: 0o700 });
    // a folder that was there already keeps nobody out
    chmodSync(runFolder, 0o700);
    mkdirSync(join(runFolder, "checkpoints"), { recursive: true, mode: 0o700 });
    const write = (name: string, text: string) => writeFileSync(join(runFolder, name), text, { mode: 0o600 });
    write(files.config, original);
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
export async function beginJournal({ runFolder, plan, worker }: Settings): Promise<Journal> {
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

function putAside(folder: string, io: Io): void {
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
  io.err(`the run that was there is now ${shortName(`${folder}.${number}`, io)}\n`);
}

/** @param named a run's name, or its folder. @throws DanasError E_RUN_UNKNOWN */
export function findRun(named: string, io: Io, runs = "runs"): string {
  const folders = [resolve(io.cwd, runs, named), resolve(io.cwd, named)];
  for (const folder of folders) if (isRun(folder)) return folder;
  const known = listRuns(io, runs).map((folder) => basename(folder));
  const near = closest(basename(named), known);
  const some = known.slice(0, 5).join(", ");
  throw new DanasError("E_RUN_UNKNOWN", `there is no run "${named}" in ${runs}`, {
    hint: near
      ? `did you mean "${near}"?`
      : known.length > 0
        ? `there are ${some}${known.length > 5 ? ", …" : ""}`
        : "`danas search CONFIG` makes one",
  });
}

/** folders of runs, the latest first */
export function listRuns(io: Io, runs = "runs"): string[] {
  const base = resolve(io.cwd, runs);
  const latest = (folder: string) => statSync(journalOf(folder)).mtimeMs;
  try {
    return readdirSync(base)
      .map((name) => join(base, name))
      .filter(isRun)
      .sort((a, b) => latest(b) - latest(a) || (a < b ? -1 : 1));
  } catch {
    return [];
  }
}
