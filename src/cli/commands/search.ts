import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { loadConfig } from "../../config/load.js";
import type { Settings } from "../../domain/settings.js";
import { makeWorker } from "../../runs/adapters.js";
import { shortName } from "../../runs/folder.js";
import { createRun } from "../../runs/run.js";
import { carryOut } from "../carry-out.js";
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

/** `danas search CONFIG`: from a config to a found network. The main line begins here and goes on in runs/conduct.ts and runner/run.ts. */
export async function search(config: string, options: SearchOptions, io: Io): Promise<number> {
  return start(config, loadConfig(config, { set: setsOf(options), cwd: io.cwd, env: io.env }), options, io);
}

/** `--name x` is `--set name=x` */
export const setsOf = ({ set, name }: { set: readonly string[]; name?: string }): string[] => [
  ...set,
  ...(name === undefined ? [] : [`name=${JSON.stringify(name)}`]),
];

/** Makes the run's folder and carries the run out. @param config the file that the settings are of. @returns the exit code */
export async function start(
  config: string,
  settings: Settings,
  { force, quiet, open = false }: Pick<SearchOptions, "force" | "quiet"> & { readonly open?: boolean },
  io: Io,
): Promise<number> {
  const { checkpoints, plan } = settings;
  const original = readFileSync(resolve(io.cwd, config), "utf8");
  const worker = await makeWorker(settings.worker, io);
  const run = createRun(settings, { original, force, cwd: io.cwd, onNotice: (line) => io.err(`${line}\n`) });
  try {
    if (!quiet) io.err(`run ${shortName(run.folder, io)}: ${plan.programs.join(", ")}\n`);
    return await carryOut(run, { worker, checkpoints, quiet, open }, io);
  } finally {
    run.close();
  }
}
