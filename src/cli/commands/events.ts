import { setTimeout as wait } from "node:timers/promises";
import type { JournalEntry } from "../../journal/port.js";
import { openJournal } from "../../journal/sqlite.js";
import { findRun, journalOf } from "../../runs/folder.js";
import { aliveIn } from "../../runs/owner.js";
import type { Io } from "../io.js";

export interface EventsOptions {
  readonly follow: boolean;
  /** the first entry wanted */
  readonly from: number;
}

const lookEveryMs = 500;

/** `danas events RUN`: the journal as JSON lines; with --follow, as it grows, until nobody works on the run. */
export async function events(run: string, { follow, from }: EventsOptions, io: Io): Promise<number> {
  const folder = findRun(run, io);
  const journal = openJournal(journalOf(folder), { readonly: true });
  let next = from;
  let over = false;
  const print = (entry: JournalEntry) => {
    io.out(`${JSON.stringify(entry)}\n`);
    next = entry.seq + 1;
    over ||= entry.decisions.some(({ type }) => type === "finish" || type === "give-up");
  };
  try {
    for (;;) {
      // asked before reading: what a process wrote as its last is then still read
      const alive = aliveIn(folder).alive;
      for (const entry of journal.entries(next)) print(entry);
      if (!follow || over || alive === false) return 0;
      await wait(lookEveryMs);
    }
  } finally {
    journal.close();
  }
}
