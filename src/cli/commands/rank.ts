import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadConfig } from "../../config/load.js";
import { DanasError } from "../../domain/errors.js";
import { files } from "../../runs/folder.js";
import type { Io } from "../io.js";
import { type SearchOptions, setsOf, start } from "./search.js";

export interface RankOptions extends SearchOptions {
  /** where else to write the ranking */
  readonly out?: string;
}

/** `danas rank CONFIG`: only ranks the classes; the ranking can then be given to searches (ranking.file). */
export async function rank(config: string, options: RankOptions, io: Io): Promise<number> {
  const at = { cwd: io.cwd, env: io.env };
  const out = options.out === undefined ? null : resolve(io.cwd, options.out);
  if (out !== null) checkWritable(out);
  const asked = loadConfig(config, { set: [...setsOf(options), "programs=[rank]"], ...at });
  if (asked.plan.ranking.source !== "train")
    throw new DanasError("E_PROGRAMS", "the config trains no ranking", { hint: "leave out ranking, or describe it" });
  const name = options.name ?? `${asked.plan.name}-ranking`;
  const settings = loadConfig(config, { set: [...setsOf({ ...options, name }), "programs=[rank]"], ...at });
  const code = await start(config, settings, options, io);
  if (code === 0 && out !== null) writeFileSync(out, readFileSync(join(settings.runFolder, files.ranking)));
  return code;
}

/** asked before hours of training, not after */
function checkWritable(file: string): void {
  try {
    if (existsSync(file) && statSync(file).isDirectory()) throw new Error("it is a folder");
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new DanasError("E_RANKING_WRITE", `cannot write ${file}: ${(error as Error).message}`, {
      hint: "name with --out a file in a folder that is there and may be written",
    });
  }
}
