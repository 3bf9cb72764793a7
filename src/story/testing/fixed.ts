import type { Plan } from "../../domain/plan.js";
import type { CheckpointRecord, Journal, JournalEntry, SessionRecord } from "../../journal/port.js";

export interface Written {
  readonly id?: string;
  readonly plan: Plan;
  readonly entries: readonly JournalEntry[];
  readonly sessions: readonly SessionRecord[];
  readonly checkpoints: readonly CheckpointRecord[];
}

const readOnly = (): never => {
  throw new Error("this journal can only be read");
};

/** A journal that was written elsewhere, to be read. */
export const fixedJournal = ({ id, plan, entries, sessions, checkpoints }: Written): Journal => ({
  id: id ?? "written elsewhere",
  plan,
  append: readOnly,
  *entries(from = 0) {
    yield* entries.slice(from);
  },
  *events(from = 0) {
    for (const { event } of entries.slice(from)) yield event;
  },
  latest: () => entries.toReversed(),
  saveState: readOnly,
  savedState: () => null,
  recordCheckpoint: readOnly,
  dropCheckpoints: readOnly,
  checkpoints: () => checkpoints,
  beginSession: readOnly,
  welcomeSession: readOnly,
  endSession: readOnly,
  sessions: () => sessions,
  close: () => {},
});

export const writtenIn = (journal: Journal): Written => ({
  plan: journal.plan,
  entries: [...journal.entries()],
  sessions: journal.sessions(),
  checkpoints: journal.checkpoints(),
});

/** The journal as it stood after its first `count` entries, its last session ended so (null = not at all). */
export function prefixOf(written: Written, count: number, outcome: string | null): Journal {
  const entries = written.entries.slice(0, count);
  const until = entries.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  const sessions = written.sessions
    .filter(({ startedAt }) => startedAt <= until)
    .map((session, index, all): SessionRecord => {
      if (index < all.length - 1) return session;
      const ended = outcome === null ? null : { at: until, message: outcome === "interrupted" ? null : "made up" };
      return { ...session, endedAt: ended?.at ?? null, outcome, message: ended?.message ?? null };
    });
  return fixedJournal({
    ...written,
    entries,
    sessions,
    checkpoints: written.checkpoints.filter(({ at }) => at <= until),
  });
}
