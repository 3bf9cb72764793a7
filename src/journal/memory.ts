import { randomUUID } from "node:crypto";
import type { Plan } from "../domain/plan.js";
import type { CheckpointRecord, Journal, JournalEntry, SavedState, SessionRecord } from "./port.js";

/** A journal that lives as long as the process: for tests and benches. What goes in is copied, as a file would. */
export function memoryJournal(plan: Plan): Journal {
  const entries: string[] = [];
  let checkpoints: CheckpointRecord[] = [];
  const sessions: SessionRecord[] = [];
  const saved = new Map<string, string>();
  const amendSession = (incarnation: number, changes: Partial<SessionRecord>) => {
    const index = sessions.findIndex((session) => session.incarnation === incarnation);
    if (index >= 0) sessions[index] = { ...sessions[index], ...changes };
  };
  return {
    id: randomUUID(),
    plan,
    append(entry) {
      const numbered: JournalEntry = { seq: entries.length, ...entry };
      entries.push(JSON.stringify(numbered));
      return numbered;
    },
    *entries(from = 0) {
      // the length is read anew each time: a reader that is slow sees what was appended meanwhile
      for (let seq = from; seq < entries.length; seq++) yield JSON.parse(entries[seq]) as JournalEntry;
    },
    *events(from = 0) {
      for (const { event } of this.entries(from)) yield event;
    },
    *latest() {
      for (let seq = entries.length - 1; seq >= 0; seq--) yield JSON.parse(entries[seq]) as JournalEntry;
    },
    saveState(state) {
      saved.set(state.name, JSON.stringify(state));
    },
    savedState(name) {
      const text = saved.get(name);
      return text === undefined ? null : (JSON.parse(text) as SavedState);
    },
    recordCheckpoint(record) {
      this.dropCheckpoints([record.path]);
      checkpoints.push(record);
    },
    dropCheckpoints(paths) {
      checkpoints = checkpoints.filter(({ path }) => !paths.includes(path));
    },
    checkpoints: () => [...checkpoints],
    beginSession(record) {
      sessions.push({ ...record, mock: false, versions: {}, endedAt: null, outcome: null, message: null });
    },
    welcomeSession: amendSession,
    endSession: (incarnation, { at, outcome, message }) => amendSession(incarnation, { endedAt: at, outcome, message }),
    sessions: () => [...sessions],
    close() {},
  };
}
