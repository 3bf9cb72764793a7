import { join } from "node:path";
import { loadConfig } from "../../config/load.js";
import { DanasError } from "../../domain/errors.js";
import { openJournal } from "../../journal/sqlite.js";
import { makeWorker } from "../../runs/adapters.js";
import { files, findRun, journalOf, reachedItsEnd, shortName } from "../../runs/folder.js";
import { openRun } from "../../runs/run.js";
import { carryOut } from "../carry-out.js";
import { conclude } from "../conclude.js";
import type { Io } from "../io.js";

export interface ResumeOptions {
  readonly set: readonly string[];
  readonly quiet: boolean;
}

/** what may differ when a run goes on: where it runs, not what it decides */
const changeable = /^(worker|checkpoints)(\.|=)/;

/** `danas resume RUN`: goes on from the last checkpoint, to the same network it would have found uninterrupted. */
export async function resume(run: string, { set, quiet }: ResumeOptions, io: Io): Promise<number> {
  const folder = findRun(run, io);
  const fixed = set.find((text) => !changeable.test(text));
  if (fixed !== undefined) {
    throw new DanasError("E_RESUME_SET", `a run that has begun keeps its plan: "${fixed}" cannot be set now`, {
      hint: "only worker.… and checkpoints.… may change; for another plan begin another run with `danas search --name`",
    });
  }
  const before = openJournal(journalOf(folder), { readonly: true });
  try {
    if (reachedItsEnd(before)) {
      if (!quiet) io.err(`run ${shortName(folder, io)} is finished, nothing is left to do; what came of it:\n`);
      await conclude({ folder, journal: before, quiet }, io);
      return 0;
    }
  } finally {
    before.close();
  }
  // the plan is the journal's; only who trains, and how often to keep it, is read again
  const { worker, checkpoints } = loadConfig(join(folder, files.resolved), {
    set,
    cwd: io.cwd,
    env: io.env,
    skipData: true,
  });
  const adapter = await makeWorker(worker, io);
  const going = openRun(folder);
  try {
    return await carryOut(going, { worker: adapter, checkpoints, quiet }, io);
  } finally {
    going.close();
  }
}
