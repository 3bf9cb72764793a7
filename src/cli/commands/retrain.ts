import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadConfig } from "../../config/load.js";
import { DanasError } from "../../domain/errors.js";
import { files, findRun, readRun } from "../../runs/folder.js";
import { tellStatus } from "../../story/status.js";
import type { Io } from "../io.js";
import { type SearchOptions, setsOf, start } from "./search.js";
import { tellingOf } from "./status.js";

export interface RetrainOptions extends SearchOptions {
  readonly architecture?: string;
}

/** `danas retrain RUN|CONFIG`: trains one network from scratch, tests it once, exports it. A run of its own. */
export async function retrain(target: string, options: RetrainOptions, io: Io): Promise<number> {
  const { config, architecture, name } =
    existsSync(resolve(io.cwd, target)) && /\.ya?ml$/i.test(target)
      ? ofConfig(target, options)
      : ofRun(target, options, io);
  const given = [
    ...setsOf({ set: options.set, name }),
    "programs=[retrain]",
    "ranking=none",
    `retrain.architecture=${JSON.stringify(architecture)}`,
  ];
  const settings = loadConfig(config, { set: given, cwd: io.cwd, env: io.env });
  return start(config, settings, options, io);
}

interface Wanted {
  readonly config: string;
  readonly architecture: string;
  readonly name: string;
}

function ofConfig(config: string, { architecture, name }: RetrainOptions): Wanted {
  if (architecture === undefined) {
    throw new DanasError("E_ARCHITECTURE", "which network of the space?", {
      hint: "add --architecture; `danas cost CONFIG` shows how one is written",
    });
  }
  return { config, architecture, name: name ?? `${config.replace(/^.*\//, "").replace(/\.ya?ml$/i, "")}-retrain` };
}

function ofRun(run: string, { architecture, name }: RetrainOptions, io: Io): Wanted {
  const folder = findRun(run, io);
  return readRun(folder, (journal) => {
    const chosen = architecture ?? tellStatus(journal, tellingOf(folder, io)).chosen?.encoded;
    if (chosen === undefined) {
      throw new DanasError("E_ARCHITECTURE", `run ${run} has not chosen a network yet`, {
        hint: "let it finish, or name one with --architecture",
      });
    }
    return { config: join(folder, files.resolved), architecture: chosen, name: name ?? `${journal.plan.name}-retrain` };
  });
}
