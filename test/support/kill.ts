import type { Journal } from "../../src/journal/port.js";
import type { Worker, WorkerSession } from "../../src/worker/port.js";

/** what is thrown where the orchestrator is killed: from then on nothing it does has any effect, as after a SIGKILL */
export class Killed extends Error {}

/** Counts the places where a kill makes a difference, and kills at one of them. */
export class Fuse {
  /** places passed so far */
  passed = 0;
  /** what stood at each place, for messages */
  readonly places: string[] = [];
  #dead = false;

  /** @param at the place, from 0, at which the orchestrator dies; Infinity = never */
  constructor(private readonly at: number) {}

  place(name: string): void {
    if (this.#dead || this.passed === this.at) {
      this.#dead = true;
      throw new Killed(`killed ${name}`);
    }
    this.passed++;
    this.places.push(name);
  }

  get dead(): boolean {
    return this.#dead;
  }

  around<T>(name: string, act: () => T): T {
    this.place(`before ${name}`);
    const done = act();
    this.place(`after ${name}`);
    return done;
  }
}

/** The journal as an orchestrator with this fuse sees it. */
export function fusedJournal(inner: Journal, fuse: Fuse): Journal {
  return {
    id: inner.id,
    plan: inner.plan,
    append: (entry) => fuse.around(`entry ${entry.event.type}`, () => inner.append(entry)),
    entries: (from) => inner.entries(from),
    events: (from) => inner.events(from),
    latest: () => inner.latest(),
    saveState: (saved) => fuse.around("saving the state", () => inner.saveState(saved)),
    savedState: (name) => inner.savedState(name),
    recordCheckpoint: (record) => fuse.around(`record of ${record.path}`, () => inner.recordCheckpoint(record)),
    dropCheckpoints: (paths) => fuse.around("dropping checkpoints", () => inner.dropCheckpoints(paths)),
    checkpoints: () => inner.checkpoints(),
    beginSession: (record) => fuse.around("begin of a session", () => inner.beginSession(record)),
    welcomeSession: (incarnation, welcome) =>
      fuse.around("welcome of a session", () => inner.welcomeSession(incarnation, welcome)),
    endSession: (incarnation, end) => fuse.around("end of a session", () => inner.endSession(incarnation, end)),
    sessions: () => inner.sessions(),
    close: () => inner.close(),
  };
}

/** The worker as an orchestrator with this fuse sees it: the dead neither ask, nor hear, nor say goodbye. */
export function fusedWorker(inner: Worker, fuse: Fuse): Worker {
  return {
    kind: inner.kind,
    async open(hello) {
      fuse.place("before a session is opened");
      return fusedSession(await inner.open(hello), fuse);
    },
    close: async () => {
      if (!fuse.dead) await inner.close();
    },
  };
}

function fusedSession(inner: WorkerSession, fuse: Fuse): WorkerSession {
  const heard = async <T>(name: string, asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    fuse.place(`when the answer to ${name} comes`);
    return answer;
  };
  return {
    welcome: inner.welcome,
    submit(job) {
      const name = `job ${job.id} (${job.job.kind})`;
      return heard(
        name,
        fuse.around(name, () => inner.submit(job)),
      );
    },
    checkpoint(path, kept) {
      return heard(
        path,
        fuse.around(path, () => inner.checkpoint(path, kept)),
      );
    },
    restore(path, sha256) {
      const name = `restore of ${path}`;
      return heard(
        name,
        fuse.around(name, () => inner.restore(path, sha256)),
      );
    },
    async close() {
      if (!fuse.dead) await inner.close();
    },
  };
}
