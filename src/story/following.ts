import type { Journal } from "../journal/port.js";
import { beginChronicle, type Chronicle, tell } from "./chronicle.js";

const name = "story";

/**
 * What the journal tells so far: read on from where it was saved last, if this logic saved it.
 * @param logic see logicOf in engine/fold.ts; null = from the beginning, whatever was saved
 */
export function chronicleOf(journal: Journal, logic: string | null = null): Chronicle {
  const saved = logic === null ? null : journal.savedState(name);
  const told = saved?.by === logic ? (saved.state as Chronicle) : beginChronicle(journal.plan);
  const sessions = journal.sessions().map(({ startedAt }) => startedAt);
  sessions.sort((a, b) => a - b);
  for (const entry of journal.entries(told.entries)) {
    tell(told, entry, sessions.findLast((startedAt) => startedAt <= entry.at) ?? null);
  }
  return told;
}

/**
 * The journal for a run to write to, told of while it grows: what it tells is saved now and then, so that nobody who asks
 * has to read a long journal whole.
 */
export function following(journal: Journal, logic: string, saveEvery = 500): Journal {
  const told = chronicleOf(journal, logic);
  let session = journal.sessions().at(-1)?.startedAt ?? null;
  return {
    ...journal,
    append(fact) {
      const entry = journal.append(fact);
      tell(told, entry, session);
      if (told.entries % saveEvery === 0) journal.saveState({ name, seq: entry.seq, by: logic, state: told });
      return entry;
    },
    beginSession(record) {
      journal.beginSession(record);
      session = record.startedAt;
    },
  };
}
