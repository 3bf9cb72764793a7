import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "../domain/plan.js";
import type { MockSettings, Settings } from "../domain/settings.js";
import { stateOf } from "../engine/fold.js";
import type { Journal } from "../journal/port.js";
import { createJournal, openJournal } from "../journal/sqlite.js";
import { usualSaveEvery } from "../runner/converse.js";
import { conduct } from "../runs/conduct.js";
import { logic } from "../runs/version.js";
import { tellStatus } from "../story/status.js";
import { mockWorker } from "../worker/mock/worker.js";
import type { Worker, WorkerSession } from "../worker/port.js";
import { type BenchCase, type BenchResult, caseOf, environment } from "./harness.js";

export interface DurabilityOptions {
  /** a search with a Python worker on this machine, and the same with the mock worker for the long journal */
  readonly real: Settings;
  readonly long: { readonly plan: Plan; readonly worker: MockSettings };
  readonly makeWorker: () => Promise<Worker>;
  readonly repeats?: number;
  readonly jobs?: number;
  readonly onLine: (line: string) => void;
}

/**
 * What it costs to lose nothing: the journal's and the checkpoints' share of a real search's time, how long a long
 * journal takes to be gone on from, and how soon a search trains again after its worker was killed.
 */
export async function benchDurability(options: DurabilityOptions): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), "danas-bench-"));
  try {
    const cases = [...(await searchWithKills(options, folder)), ...(await longJournal(options, folder))];
    return { name: "durability", ...environment(), cases };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// ---- a real search ----------------------------------------------------------------------------------------------------

/** One search, its worker killed a few times on the way. What is lost to a kill counts as recovery, not as the search. */
async function searchWithKills(options: DurabilityOptions, folder: string): Promise<BenchCase[]> {
  const { real, onLine, repeats = 5 } = options;
  const runFolder = join(folder, "real");
  mkdirSync(runFolder, { mode: 0o700 });
  const journal = createJournal(join(runFolder, "journal.db"), real.plan);
  let journalMs = 0;
  let checkpointMs = 0;
  let checkpoints = 0;
  const timed = <T>(body: () => T): T => {
    const before = performance.now();
    try {
      return body();
    } finally {
      journalMs += performance.now() - before;
    }
  };

  const firstSteps: number[] = [];
  const firstAnswers: number[] = [];
  let killedAt: number | null = null;
  let stepHeard = false;
  let lostMs = 0;
  let workerPid = 0;
  const inner = await options.makeWorker();
  const watched: Worker = {
    ...inner,
    async open(hello) {
      const session = await inner.open(hello);
      workerPid = session.welcome.pid;
      let heardAt = performance.now();
      const hear = async <T>(answer: Promise<T>, act: (tookMs: number) => void): Promise<T> => {
        const told = await answer;
        const now = performance.now();
        act(now - heardAt);
        heardAt = now;
        return told;
      };
      const watchedSession: WorkerSession = {
        welcome: session.welcome,
        close: () => session.close(),
        restore: (path, sha256) => session.restore(path, sha256),
        submit: (job) =>
          hear(session.submit(job), () => {
            if (killedAt === null || stepHeard || job.job.kind !== "train") return;
            stepHeard = true;
            firstSteps.push((performance.now() - killedAt) / 1000);
          }),
        checkpoint: (path, kept) =>
          hear(session.checkpoint(path, kept), (tookMs) => {
            // commands are carried out in order: what passed since the answer before is the checkpoint's own time
            checkpointMs += tookMs;
            checkpoints++;
          }),
      };
      return watchedSession;
    },
  };

  const began = performance.now();
  let entriesSinceKill = 0;
  onLine(`searching with a worker that is killed ${repeats} times`);
  const timedJournal: Journal = {
    ...journal,
    append: (entry) => timed(() => journal.append(entry)),
    recordCheckpoint: (record) => timed(() => journal.recordCheckpoint(record)),
    dropCheckpoints: (paths) => timed(() => journal.dropCheckpoints(paths)),
    saveState: (saved) => timed(() => journal.saveState(saved)),
  };
  const run = { folder: runFolder, journal: timedJournal };
  const ending = await conduct(run, {
    worker: watched,
    checkpoints: real.checkpoints,
    hooks: {
      onEntry(_, state) {
        if (killedAt !== null) {
          const tookMs = performance.now() - killedAt;
          firstAnswers.push(tookMs / 1000);
          lostMs += tookMs;
          onLine(`  killed; the next answer came ${(tookMs / 1000).toFixed(1)} s later`);
          killedAt = null;
          entriesSinceKill = 0;
        }
        entriesSinceKill++;
        // in the middle of training, some jobs after the last time
        const training = state.phase === "running" && state.inFlight[0]?.job.kind === "train";
        if (!training || entriesSinceKill < 25 || firstAnswers.length >= repeats) return;
        stepHeard = false;
        killedAt = performance.now();
        process.kill(workerPid, "SIGKILL");
      },
    },
  });
  if (ending.kind !== "done") throw new Error(`the search was ${ending.kind}`);
  await inner.close();
  journal.close();
  const searchMs = performance.now() - began - lostMs;
  onLine(
    `journal ${journalMs.toFixed(0)} ms, ${checkpoints} checkpoints ${checkpointMs.toFixed(0)} ms of ${(searchMs / 1000).toFixed(0)} s`,
  );
  return [
    caseOf("journal and checkpoints, share of the search's time", "%", [(100 * (journalMs + checkpointMs)) / searchMs]),
    caseOf("  the journal alone", "%", [(100 * journalMs) / searchMs]),
    caseOf("  one checkpoint", "ms", [checkpointMs / Math.max(1, checkpoints)]),
    caseOf("from a killed worker to the first job trained again", "s", firstSteps),
    caseOf("from a killed worker to the next new answer", "s", firstAnswers),
  ];
}

// ---- a long journal ---------------------------------------------------------------------------------------------------

/** Written by a real search on the mock worker, stopped after so many jobs; then opened as a resume does. */
async function longJournal(options: DurabilityOptions, folder: string): Promise<BenchCase[]> {
  const { onLine, repeats = 5, jobs = 100_000 } = options;
  const { plan, worker } = options.long;
  const file = join(folder, "journal.db");
  onLine(`writing a journal of ${jobs} jobs (a minute or two)`);
  const journal = createJournal(file, plan, { synchronous: "normal" });
  const stop = new AbortController();
  // nearly as far behind the last saved state as a journal can be
  const stopAt = jobs + usualSaveEvery - 20;
  let entries = 0;
  const run = { folder: join(folder, "mock"), journal };
  await conduct(run, {
    worker: mockWorker(worker),
    checkpoints: { everySeconds: 0, keep: 1, rounds: false },
    signal: stop.signal,
    hooks: {
      onEntry() {
        if (++entries === stopAt) stop.abort();
      },
    },
  });
  journal.close();
  if (entries < stopAt) throw new Error(`the search ended after ${entries} jobs`);
  const seconds = (read: (opened: Journal) => void): number => {
    const before = performance.now();
    const opened = openJournal(file);
    read(opened);
    const took = performance.now() - before;
    opened.close();
    return took / 1000;
  };
  const often = (read: (opened: Journal) => void) => {
    seconds(read);
    return Array.from({ length: repeats }, () => seconds(read));
  };
  const beginning = "  the same from the very beginning, as another version of danas would";
  const folding = `opening a journal of ${jobs} jobs and folding it for resume`;
  return [
    caseOf(
      folding,
      "s",
      often((opened) => stateOf(opened, logic)),
    ),
    caseOf(beginning, "s", [seconds((opened) => stateOf(opened, null))]),
    caseOf(
      "opening it and telling its status",
      "s",
      often((opened) => tellStatus(opened, { logic })),
    ),
    caseOf(beginning, "s", [seconds((opened) => tellStatus(opened))]),
  ];
}
