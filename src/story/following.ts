import type { Journal, JournalEntry } from "../journal/port.js";
import { beginChronicle, type Chronicle, tell } from "./chronicle.js";

const name = "story";

/**
 * What the journal tells so far: read on from where it was saved last, if this logic saved it.
 * @param logic whose logic folds states (runs/version.ts); null = from the beginning, whatever was saved
 */
export function chronicleOf(journal: Journal, logic: string | null = null): Chronicle {
  const saved = logic === null ? null : journal.savedState(name);
  const told = saved?.by === logic ? (saved.state as Chronicle) : beginChronicle(journal.plan);
  const begun = begunIn(journal);
  for (const entry of journal.entries(told.entries)) tell(told, entry, sessionOf(entry, begun));
  return told;
}

/** when its sessions began, in order */
const begunIn = (journal: Journal): number[] => journal.sessions().map(({ startedAt }) => startedAt);

/** before, not at the same moment: a session may begin in the millisecond of an entry that led to it */
const sessionOf = ({ at }: JournalEntry, begun: readonly number[]): number | null =>
  begun.findLast((startedAt) => startedAt < at) ?? null;

/**
 * The journal for a run to write to, told of while it grows: what it tells is saved now and then, so that nobody who asks
 * has to read a long journal whole.
 */
export function following(journal: Journal, logic: string, saveEvery = 500): Journal {
  const told = chronicleOf(journal, logic);
  const begun = begunIn(journal);
  return {
    ...journal,
    append(fact) {
      const entry = journal.append(fact);
      tell(told, entry, sessionOf(entry, begun));
      if (told.entries % saveEvery === 0) journal.saveState({ name, seq: entry.seq, by: logic, state: told });
      return entry;
    },
    beginSession(record) {
      journal.beginSession(record);
      begun.push(record.startedAt);
    },
  };
}
