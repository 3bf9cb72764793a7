import { replay as replayJournal } from "../../engine/replay.js";
import { findRun, readRun } from "../../runs/folder.js";
import { countWords } from "../../util/format.js";
import type { Io } from "../io.js";

/** `danas replay RUN`: decides the whole run again from its events, with no worker, and compares. Exit code 1 where it differs. */
export async function replay(run: string, { json }: { readonly json: boolean }, io: Io): Promise<number> {
  const folder = findRun(run, io);
  const { report, sessions } = readRun(folder, (journal) => ({
    report: replayJournal(journal),
    sessions: journal.sessions(),
  }));
  const { entries, decisions, divergence } = report;
  const recordedOn = [...new Set(sessions.map(({ versions }) => versions.node).filter((node) => node !== undefined))];
  if (json)
    io.out(
      `${JSON.stringify({ run, entries, decisions, phase: report.state.phase, divergence, node: { recorded: recordedOn, now: process.version } })}\n`,
    );
  if (!divergence) {
    if (!json)
      io.out(
        `${countWords(entries)} entries, ${countWords(decisions)} decisions: every one came out as it was recorded\n`,
      );
    return 0;
  }
  const { seq, index, recorded, recomputed, at } = divergence;
  io.err(
    [
      `${io.colors.red("E_DIVERGENCE")}  entry ${seq}, decision ${index + 1} comes out otherwise${at ? `, first at ${at}` : ""}`,
      `  recorded   ${short(recorded)}`,
      `  now        ${short(recomputed)}`,
      `  ${entries} entries before it agree. Recorded with Node ${recordedOn.join(", ") || "unknown"}, replayed with ${process.version}.`,
      `  ${io.colors.dim("hint:")} the journal stays the truth: resume and report trust it; if the versions are the same, please report this`,
      "",
    ].join("\n"),
  );
  return 1;
}

function short(decision: unknown): string {
  const text = decision === null ? "nothing" : JSON.stringify(decision);
  return text.length > 200 ? `${text.slice(0, 197)}…` : text;
}
