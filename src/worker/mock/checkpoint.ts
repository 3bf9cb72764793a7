import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { MockFailure, type MockState } from "./jobs.js";

const failed = (message: string): never => {
  throw new MockFailure({ code: "invalid_job", message, hint: "", step: null });
};

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

/** writes what was learnt: to a temporary file, synced, renamed */
export function writeCheckpoint(state: MockState, runFolder: string, path: string, kept: readonly string[] | null) {
  const model = state.model ?? failed("there is no model yet");
  const { alive, exposures } = model;
  const text = JSON.stringify({ mock: true, spaceHash: model.job.spaceHash, alive, exposures });
  const file = join(runFolder, path);
  mkdirSync(dirname(file), { recursive: true });
  const handle = openSync(`${file}.tmp`, "w", 0o600);
  try {
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    rmSync(`${file}.tmp`, { force: true });
    throw error;
  }
  if (kept !== null) {
    const staying = new Set([path, ...kept].map((one) => join(runFolder, one)));
    for (const name of readdirSync(dirname(file))) {
      if (!staying.has(join(dirname(file), name))) rmSync(join(dirname(file), name), { force: true });
    }
  }
  return { path, bytes: Buffer.byteLength(text), sha256: sha256Of(text) };
}

export function readCheckpoint(state: MockState, runFolder: string, path: string, sha256: string): void {
  const model = state.model ?? failed("there is no model yet");
  let text = "";
  try {
    text = readFileSync(join(runFolder, path), "utf8");
  } catch (error) {
    failed(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (sha256Of(text) !== sha256) failed(`${path} is damaged: its sha256 differs`);
  const saved = JSON.parse(text);
  if (saved.spaceHash !== model.job.spaceHash) failed(`${path} is of another space`);
  model.alive = saved.alive;
  model.exposures = saved.exposures;
}
