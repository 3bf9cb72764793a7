import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { loadConfig } from "../../config/load.js";
import type { Settings } from "../../domain/settings.js";
import { makeWorker } from "../../runs/adapters.js";
import { beginJournal, createRunFolder, shortName } from "../../runs/folder.js";
import { conduct } from "../conduct.js";
import type { Io } from "../io.js";

export interface SearchOptions {
  readonly set: readonly string[];
  readonly name?: string;
  readonly force: boolean;
  /** nothing on standard error but what went wrong */
  readonly quiet: boolean;
  /** open the report at the end */
  readonly open: boolean;
}

/** `danas search CONFIG`: from a config to a found network. The main line begins here and goes on in runner/run.ts. */
export async function search(config: string, options: SearchOptions, io: Io): Promise<number> {
  const settings = loadConfig(config, { set: settingsOf(options), cwd: io.cwd, env: io.env });
  const original = readFileSync(resolve(io.cwd, config), "utf8");
  return start(settings, { original, force: options.force, quiet: options.quiet, open: options.open }, io);
}

/** `--name x` is `--set name=x` */
export const settingsOf = ({ set, name }: { set: readonly string[]; name?: string }): string[] => [
  ...set,
  ...(name === undefined ? [] : [`name=${JSON.stringify(name)}`]),
];

/** Makes the run's folder and carries the run out. @returns the exit code */
export async function start(
  settings: Settings,
  how: { original: string; force: boolean; quiet: boolean; open?: boolean },
  io: Io,
): Promise<number> {
  createRunFolder(settings, how, io);
  const { runFolder, plan, checkpoints } = settings;
  const worker = await makeWorker(settings.worker, io);
  const journal = await beginJournal(settings);
  try {
    if (!how.quiet) io.err(`run ${shortName(runFolder, io)}: ${plan.programs.join(", ")}\n`);
    return await conduct(
      { folder: runFolder, journal, worker, checkpoints, quiet: how.quiet, open: how.open ?? false },
      io,
    );
  } finally {
    journal.close();
  }
}
