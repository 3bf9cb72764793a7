import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { DanasError } from "../domain/errors.js";
import type { Journal } from "../journal/port.js";
import { openJournal } from "../journal/sqlite.js";
import { closest } from "../util/closest.js";

/** A run is a folder: the config as it was written, as it was resolved, the plan, the journal, checkpoints, the report. */

export const files = {
  config: "config.yaml",
  resolved: "resolved.yaml",
  plan: "plan.json",
  journal: "journal.db",
  ranking: "ranking.json",
  report: "report.html",
} as const;

/** where a person stands who names a run, absolute */
export interface At {
  readonly cwd: string;
}

export const journalOf = (folder: string): string => join(folder, files.journal);

export const isRun = (folder: string): boolean => existsSync(journalOf(folder)) && existsSync(join(folder, files.plan));

/** whether the run reached its end; null where its journal cannot be read, as one of another version */
export function isFinished(folder: string): boolean | null {
  try {
    return readRun(folder, reachedItsEnd);
  } catch {
    return null;
  }
}

/** Looks into a run's journal, whoever works on it. */
export function readRun<T>(folder: string, look: (journal: Journal) => T): T {
  const journal = openJournal(journalOf(folder), { readonly: true });
  try {
    return look(journal);
  } finally {
    journal.close();
  }
}

export function reachedItsEnd(journal: Journal): boolean {
  for (const { decisions } of journal.latest()) return decisions.some(({ type }) => type === "finish");
  return false;
}

/** a run's folder as a person at `cwd` would type it */
export function shortName(folder: string, { cwd }: At): string {
  if (dirname(folder) === resolve(cwd, "runs")) return basename(folder);
  const short = relative(cwd, folder);
  return short === "" || short.startsWith("..") ? folder : short.includes("/") ? short : `./${short}`;
}

/** @param named a run's name, or its folder. @throws DanasError E_RUN_UNKNOWN */
export function findRun(named: string, { cwd }: At, runs = "runs"): string {
  const folders = [resolve(cwd, runs, named), resolve(cwd, named)];
  for (const folder of folders) if (isRun(folder)) return folder;
  const known = listRuns({ cwd }, runs).map((folder) => basename(folder));
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
export function listRuns({ cwd }: At, runs = "runs"): string[] {
  const base = resolve(cwd, runs);
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
