import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CheckpointSettings } from "../domain/settings.js";
import type { CheckpointRecord, Journal } from "../journal/port.js";

/** Which checkpoints there are, and which stay. */

const folder = "checkpoints";

export const checkpointAfter = (job: number): string => `${folder}/after-${job}.pt`;

export const checkpointOfRound = (round: number): string => `${folder}/round-${round}.pt`;

const isOfRound = (path: string): boolean => path.startsWith(`${folder}/round-`);

/** Paths that stay: the last `keep` of the run's course, and those of rounds where they are wanted. */
export function kept(records: readonly CheckpointRecord[], { keep, rounds }: CheckpointSettings): Set<string> {
  const ofRounds = records.filter(({ path }) => isOfRound(path));
  const others = records.filter(({ path }) => !isOfRound(path));
  return new Set([...others.slice(-keep), ...(rounds ? ofRounds : ofRounds.slice(-1))].map(({ path }) => path));
}

/**
 * Removes checkpoints that the journal knows and that need not stay. A worker on another host keeps its own folder; here
 * there is then nothing to remove.
 */
export function removeOld(journal: Journal, settings: CheckpointSettings, runFolder: string): void {
  const records = journal.checkpoints();
  const staying = kept(records, settings);
  const going = records.map(({ path }) => path).filter((path) => !staying.has(path));
  if (going.length === 0) return;
  // a file without a record is cleared away later; a record without a file would be taken for a damaged checkpoint
  journal.dropCheckpoints(going);
  for (const path of going) rmSync(join(runFolder, path), { force: true });
}

/**
 * Removes files in the checkpoints' folder that the journal does not know: written, or half written, when somebody was
 * killed before the journal heard of it. Only while no worker writes there.
 */
export function removeUnknown(journal: Journal, runFolder: string): void {
  const known = new Set(journal.checkpoints().map(({ path }) => path));
  let names: string[];
  try {
    names = readdirSync(join(runFolder, folder));
  } catch {
    return; // none was written here yet
  }
  for (const name of names) {
    if (!known.has(`${folder}/${name}`)) rmSync(join(runFolder, folder, name), { force: true, recursive: true });
  }
}
