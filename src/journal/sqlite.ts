import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, rmSync } from "node:fs";
import Database from "libsql";
import { DanasError } from "../domain/errors.js";
import type { Event } from "../domain/event.js";
import type { Plan } from "../domain/plan.js";
import type { CheckpointRecord, Journal, JournalEntry, SessionRecord } from "./port.js";
import { checkVersion, type Meta, schemaVersion } from "./versions.js";

const tables = `
  CREATE TABLE meta (schema INTEGER NOT NULL, plan TEXT NOT NULL, id TEXT NOT NULL);
  CREATE TABLE entries (seq INTEGER PRIMARY KEY, at REAL NOT NULL, event TEXT NOT NULL, decisions TEXT NOT NULL);
  CREATE TABLE checkpoints (
    after_job INTEGER NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, at REAL NOT NULL);
  CREATE TABLE sessions (
    incarnation INTEGER PRIMARY KEY, started_at REAL NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    worker TEXT NOT NULL, mock INTEGER NOT NULL, versions TEXT NOT NULL, ended_at REAL, outcome TEXT, message TEXT);
  CREATE TABLE states (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, logic TEXT NOT NULL, state TEXT NOT NULL);
`;

export interface CreateOptions {
  /** "full" (default): an entry survives the loss of power. "normal": the death of the process only; for mocks. */
  readonly synchronous?: "full" | "normal";
}

/**
 * A new journal in a file of its own, private to its owner.
 * @throws DanasError E_JOURNAL_EXISTS, E_JOURNAL
 */
export function createJournal(file: string, plan: Plan, options: CreateOptions = {}): Journal {
  if (existsSync(file)) {
    throw new DanasError("E_JOURNAL_EXISTS", `${file} is there already`, {
      hint: "resume that run, or take another name",
    });
  }
  const database = connect(file, options.synchronous ?? "full", false);
  const id = randomUUID();
  try {
    chmodSync(file, 0o600);
    database.exec(`BEGIN; ${tables} COMMIT;`);
    database
      .prepare("INSERT INTO meta (schema, plan, id) VALUES (?, ?, ?)")
      .run(schemaVersion, JSON.stringify(plan), id);
  } catch (error) {
    database.close();
    // half a journal would be refused as broken for ever
    rmSync(file, { force: true });
    throw told(error, file);
  }
  return journalOn(database, file, plan, id);
}

/**
 * The journal of a run, also of one that goes on: readers and its one writer do not disturb each other.
 * @throws DanasError E_JOURNAL where there is none, E_JOURNAL_VERSION where it is of another version
 */
export function openJournal(file: string, options: { readonly readonly?: boolean } & CreateOptions = {}): Journal {
  if (!existsSync(file)) {
    throw new DanasError("E_JOURNAL", `there is no journal ${file}`, { hint: "`danas status` lists the runs" });
  }
  const readonly = options.readonly ?? false;
  const database = connect(file, options.synchronous ?? "full", readonly);
  try {
    const meta = database.prepare("SELECT * FROM meta").get() as Meta | undefined;
    if (!meta) throw new DanasError("E_JOURNAL", `${file} is empty`, { hint: "the run never started: start it anew" });
    checkVersion(meta, file);
    return journalOn(database, file, JSON.parse(meta.plan) as Plan, meta.id);
  } catch (error) {
    database.close();
    throw told(error, file);
  }
}

type Connection = InstanceType<typeof Database>;

function connect(file: string, synchronous: "full" | "normal", readonly: boolean): Connection {
  try {
    const database = new Database(file, { readonly });
    // another process may hold the lock for the moment of a commit
    database.exec("PRAGMA busy_timeout = 5000");
    if (!readonly) {
      database.exec("PRAGMA journal_mode = WAL");
      database.exec(`PRAGMA synchronous = ${synchronous.toUpperCase()}`);
    }
    return database;
  } catch (error) {
    throw told(error, file);
  }
}

/** SQLite's errors as a person can act on them */
function told(error: unknown, file: string): Error {
  if (error instanceof DanasError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const full = /full|no space|SQLITE_FULL|disk I\/O/i.test(message);
  const busy = /locked|busy/i.test(message);
  return new DanasError("E_JOURNAL", `${file}: ${message}`, {
    hint: full
      ? "make room on the disk, then `danas resume`: nothing is lost"
      : busy
        ? "another danas writes to this run: let it finish, or stop it"
        : "is it a danas journal, and yours to read and write?",
    exitCode: full || busy ? 75 : 2,
    cause: error,
  });
}

interface EntryRow {
  readonly seq: number;
  readonly at: number;
  readonly event: string;
  readonly decisions: string;
}

type SessionRow = Omit<SessionRecord, "mock" | "versions"> & { readonly mock: number; readonly versions: string };

/** entries are read in pages: a long journal is neither held in memory nor keeps a cursor open while others write */
const page = 500;

function journalOn(database: Connection, file: string, plan: Plan, id: string): Journal {
  const guarded = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      throw told(error, file);
    }
  };
  const last = database.prepare("SELECT MAX(seq) AS seq FROM entries").get() as { seq: number | null };
  let next = (last.seq ?? -1) + 1;
  const insert = database.prepare("INSERT INTO entries (seq, at, event, decisions) VALUES (?, ?, ?, ?)");
  const select = database.prepare("SELECT seq, at, event, decisions FROM entries WHERE seq >= ? ORDER BY seq LIMIT ?");
  const selectEvents = database.prepare("SELECT seq, event FROM entries WHERE seq >= ? ORDER BY seq LIMIT ?");
  const selectDown = database.prepare(
    "SELECT seq, at, event, decisions FROM entries WHERE seq <= ? ORDER BY seq DESC LIMIT ?",
  );
  function* paged<Row extends { readonly seq: number }>(
    statement: typeof select,
    first: number,
    direction: 1 | -1,
  ): Iterable<Row> {
    for (let seq = first; ; ) {
      const rows = guarded(() => statement.all(seq, page)) as Row[];
      yield* rows;
      if (rows.length < page) return;
      seq = rows[rows.length - 1].seq + direction;
    }
  }
  return {
    id,
    plan,
    append({ at, event, decisions }) {
      // two writers would both take this number: the primary key lets only one have it
      guarded(() => insert.run(next, at, JSON.stringify(event), JSON.stringify(decisions)));
      return { seq: next++, at, event, decisions };
    },
    *entries(from = 0) {
      for (const row of paged<EntryRow>(select, from, 1)) yield entryOf(row);
    },
    *events(from = 0) {
      for (const { event } of paged<Pick<EntryRow, "seq" | "event">>(selectEvents, from, 1))
        yield JSON.parse(event) as Event;
    },
    *latest() {
      for (const row of paged<EntryRow>(selectDown, next - 1, -1)) yield entryOf(row);
    },
    saveState({ name, seq, by, state }) {
      const statement = database.prepare("INSERT OR REPLACE INTO states (name, seq, logic, state) VALUES (?, ?, ?, ?)");
      guarded(() => statement.run(name, seq, by, JSON.stringify(state)));
    },
    savedState(name) {
      const statement = database.prepare("SELECT seq, logic, state FROM states WHERE name = ?");
      const row = guarded(() => statement.get(name)) as { seq: number; logic: string; state: string } | undefined;
      return row ? { name, seq: row.seq, by: row.logic, state: JSON.parse(row.state) } : null;
    },
    recordCheckpoint({ afterJob, path, sha256, bytes, at }) {
      const insert = database.prepare("INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?)");
      // two records of one path, should we be killed in between, do no harm: the later one is tried first
      const replace = database.prepare("DELETE FROM checkpoints WHERE path = ? AND rowid < ?");
      guarded(() => replace.run(path, insert.run(afterJob, path, sha256, bytes, at).lastInsertRowid));
    },
    dropCheckpoints(paths) {
      const drop = database.prepare("DELETE FROM checkpoints WHERE path IN (SELECT value FROM json_each(?))");
      guarded(() => drop.run(JSON.stringify(paths)));
    },
    checkpoints() {
      const columns = "after_job AS afterJob, path, sha256, bytes, at";
      return guarded(
        () => database.prepare(`SELECT ${columns} FROM checkpoints ORDER BY rowid`).all() as CheckpointRecord[],
      ).map(({ afterJob, path, sha256, bytes, at }) => ({ afterJob, path, sha256, bytes, at }));
    },
    beginSession({ incarnation, startedAt, host, pid, worker }) {
      const statement = database.prepare("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, 0, '{}', NULL, NULL, NULL)");
      guarded(() => statement.run(incarnation, startedAt, host, pid, worker));
    },
    welcomeSession(incarnation, { worker, mock, versions }) {
      const statement = database.prepare(
        "UPDATE sessions SET worker = ?, mock = ?, versions = ? WHERE incarnation = ?",
      );
      guarded(() => statement.run(worker, mock ? 1 : 0, JSON.stringify(versions), incarnation));
    },
    endSession(incarnation, { at, outcome, message }) {
      const statement = database.prepare(
        "UPDATE sessions SET ended_at = ?, outcome = ?, message = ? WHERE incarnation = ?",
      );
      guarded(() => statement.run(at, outcome, message, incarnation));
    },
    sessions() {
      const columns =
        "incarnation, started_at AS startedAt, host, pid, worker, mock, versions, ended_at AS endedAt, outcome, message";
      const rows = guarded(() => database.prepare(`SELECT ${columns} FROM sessions ORDER BY incarnation`).all());
      return (rows as SessionRow[]).map((row) => ({
        ...row,
        mock: row.mock === 1,
        versions: JSON.parse(row.versions),
      }));
    },
    close() {
      database.close();
    },
  };
}

const entryOf = ({ seq, at, event, decisions }: EntryRow): JournalEntry => ({
  seq,
  at,
  event: JSON.parse(event),
  decisions: JSON.parse(decisions),
});
