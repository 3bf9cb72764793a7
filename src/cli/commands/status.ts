import { basename } from "node:path";
import type { Journal } from "../../journal/port.js";
import { findRun, listRuns, readRun, shortName } from "../../runs/folder.js";
import { aliveIn } from "../../runs/owner.js";
import { logic } from "../../runs/version.js";
import { renderStatus, type Status, tellStatus } from "../../story/status.js";
import type { StoryOptions } from "../../story/story.js";
import { amount, moment, percent } from "../../util/format.js";
import type { Io } from "../io.js";

export interface StatusOptions {
  readonly json: boolean;
  readonly runs: string;
}

/** `danas status [RUN]`: how a run stands, read live from its journal; without a name, all of them. */
export async function status(run: string | undefined, { json, runs }: StatusOptions, io: Io): Promise<number> {
  if (run !== undefined) {
    const folder = findRun(run, io, runs);
    const told = readRun(folder, (journal) => statusOf(folder, journal, io));
    io.out(json ? `${JSON.stringify(told)}\n` : renderStatus(told));
    return 0;
  }
  const folders = listRuns(io, runs);
  if (folders.length === 0) io.err(`no run in ${runs}; \`danas search CONFIG\` makes one\n`);
  for (const folder of folders) {
    try {
      const told = readRun(folder, (journal) => statusOf(folder, journal, io));
      io.out(json ? `${JSON.stringify(told)}\n` : `${line(told, basename(folder))}\n`);
    } catch (error) {
      // one journal that cannot be read must not hide the others
      io.err(`${basename(folder)}: ${(error as Error).message}\n`);
    }
  }
  return 0;
}

/** how a run of this folder is to be told of */
export const tellingOf = (folder: string, io: Io): StoryOptions => ({
  ...{ ...aliveIn(folder), logic },
  argument: shortName(folder, io),
});

const statusOf = (folder: string, journal: Journal, io: Io): Status => tellStatus(journal, tellingOf(folder, io));

function line({ status: stands, progress, chosen, testAccuracy, lastEntryAt, mock }: Status, name: string): string {
  const doing = stands.kind === "running" && progress ? `running: ${progress.label}` : stands.kind;
  const found = chosen
    ? `${amount(chosen.macs)} MACs${testAccuracy === null ? "" : `, test ${percent(testAccuracy, 2)}`}`
    : "";
  const when = lastEntryAt === null ? "" : moment(lastEntryAt);
  return `${name.padEnd(24)} ${doing.padEnd(28)} ${when.padEnd(21)} ${found}${mock ? "  (mock)" : ""}`.trimEnd();
}
