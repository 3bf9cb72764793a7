import type { Decision } from "../domain/decision.js";
import type { Event } from "../domain/event.js";
import type { Plan } from "../domain/plan.js";

/** One step of a run: what happened, and what was decided from it. */
export interface JournalEntry {
  /** from 0, without gaps */
  readonly seq: number;
  /** milliseconds since the epoch */
  readonly at: number;
  readonly event: Event;
  readonly decisions: readonly Decision[];
}

export interface CheckpointRecord {
  /** the weights are those after this job */
  readonly afterJob: number;
  /** relative to the run folder */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly at: number;
}

/** A state after an entry, kept so that a long journal need not be folded from its beginning. Only ever a short cut. */
export interface SavedState {
  /** what was folded: the run itself, its story */
  readonly name: string;
  /** the state is the one after this entry */
  readonly seq: number;
  /** whose logic folded it: another danas, or another Node, folds anew */
  readonly by: string;
  readonly state: unknown;
}

/** One stretch of work on the run by one orchestrator with one worker. */
export interface SessionRecord {
  readonly incarnation: number;
  readonly startedAt: number;
  readonly host: string;
  readonly pid: number;
  readonly worker: string;
  readonly mock: boolean;
  readonly versions: Readonly<Record<string, string>>;
  readonly endedAt: number | null;
  /** done, interrupted, failed, worker-lost, went-back; null while it goes on or where it was killed */
  readonly outcome: string | null;
  readonly message: string | null;
}

/**
 * The run's memory. `append` returns only when the entry would survive the death of this process (and, where the
 * adapter says so, of the machine): nothing is acted on before. One writer; any number of readers, also live.
 */
export interface Journal {
  /** drawn when the journal was made: tells the run from another one of the same name */
  readonly id: string;
  readonly plan: Plan;
  append(entry: Omit<JournalEntry, "seq">): JournalEntry;
  /** in order, from `from` on */
  entries(from?: number): Iterable<JournalEntry>;
  /** of the entries from `from` on, the events alone: most of an entry is its decisions */
  events(from?: number): Iterable<Event>;
  /** the newest first */
  latest(): Iterable<JournalEntry>;
  /** replaces the one of that name */
  saveState(saved: SavedState): void;
  savedState(name: string): SavedState | null;
  /** in place of an earlier one of the same path */
  recordCheckpoint(record: CheckpointRecord): void;
  /** before their files are removed */
  dropCheckpoints(paths: readonly string[]): void;
  /** oldest first */
  checkpoints(): readonly CheckpointRecord[];
  /** before a worker is looked for: that none was found is worth knowing, too */
  beginSession(record: Pick<SessionRecord, "incarnation" | "startedAt" | "host" | "pid" | "worker">): void;
  /** the worker said who it is */
  welcomeSession(incarnation: number, welcome: Pick<SessionRecord, "worker" | "mock" | "versions">): void;
  endSession(incarnation: number, end: { at: number; outcome: string; message: string | null }): void;
  sessions(): readonly SessionRecord[];
  close(): void;
}
