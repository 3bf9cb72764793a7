import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadConfig } from "../../config/load.js";
import { DanasError } from "../../domain/errors.js";
import type { Io } from "../io.js";
import { files } from "../runs.js";
import { type SearchOptions, settingsOf, start } from "./search.js";

export interface RankOptions extends SearchOptions {
  /** where else to write the ranking */
  readonly out?: string;
}

/** `danas rank CONFIG`: only ranks the classes; the ranking can then be given to searches (ranking.file). */
export async function rank(config: string, options: RankOptions, io: Io): Promise<number> {
  const at = { cwd: io.cwd, env: io.env };
  const asked = loadConfig(config, { set: [...settingsOf(options), "programs=[rank]"], ...at });
  if (asked.plan.ranking.source !== "train")
    throw new DanasError("E_PROGRAMS", "the config trains no ranking", { hint: "leave out ranking, or describe it" });
  const name = options.name ?? `${asked.plan.name}-ranking`;
  const settings = loadConfig(config, { set: [...settingsOf({ ...options, name }), "programs=[rank]"], ...at });
  const original = readFileSync(resolve(io.cwd, config), "utf8");
  const code = await start(settings, { original, force: options.force, quiet: options.quiet }, io);
  if (code === 0 && options.out !== undefined) {
    writeFileSync(resolve(io.cwd, options.out), readFileSync(join(settings.runFolder, files.ranking)));
  }
  return code;
}
