import { hostname } from "node:os";
import { assertNever, DanasError } from "../domain/errors.js";
import type { CheckpointSettings } from "../domain/settings.js";
import { logicOf } from "../engine/fold.js";
import type { Journal } from "../journal/port.js";
import { type Ending, run } from "../runner/run.js";
import { shortName } from "../runs/folder.js";
import { claim } from "../runs/owner.js";
import { version } from "../runs/version.js";
import { following } from "../story/following.js";
import { systemClock } from "../util/clock.js";
import type { Welcome, Worker } from "../worker/port.js";
import { conclude } from "./conclude.js";
import type { Io } from "./io.js";
import { beginDisplay, type Display } from "./progress/display.js";
import { Live } from "./progress/live.js";
import { listenForStop } from "./stop.js";

export interface Conducted {
  readonly folder: string;
  readonly journal: Journal;
  readonly worker: Worker;
  readonly checkpoints: CheckpointSettings;
  /** nothing on standard error but what went wrong */
  readonly quiet: boolean;
  /** open the report of a run that reached its end */
  readonly open?: boolean;
}

/** Carries a run out to its end, whatever that is: shows it, stops it when asked, tells what came of it. @returns the exit code */
export async function conduct(conducted: Conducted, io: Io): Promise<number> {
  const { folder, journal, worker, checkpoints, quiet } = conducted;
  const { plan } = journal;
  const name = shortName(folder, io);
  const owned = claim(folder);
  const logic = logicOf(version);
  const live = new Live(plan);
  const display: Display = quiet ? { say: () => {}, end: () => {} } : await beginDisplay(live, io);
  const stop = listenForStop(
    (signal) => display.say(`${signal}: writing a checkpoint, then stopping; once more stops at once`),
    () => {
      display.end();
      io.err(`stopped at once; \`danas resume ${name}\` goes on from the last checkpoint\n`);
    },
  );
  const watching = new AbortController();
  let ending: Ending;
  try {
    ending = await run({
      ...{ plan, worker, checkpoints },
      journal: following(journal, logic),
      runFolder: folder,
      clock: systemClock,
      logic,
      signal: stop.signal,
      owner: { host: hostname(), pid: process.pid, versions: { danas: version, node: process.version } },
      hooks: {
        onWelcome(welcome) {
          live.sawWelcome(welcome.mock);
          display.say(welcomeWords(welcome));
          void watch(welcome, plan.name, live, watching.signal);
        },
        onEntry: (entry, state) => live.sawEntry(entry, state),
        onNotice: (message) => display.say(message),
      },
    });
  } catch (error) {
    if (error instanceof DanasError && error.exitCode === 75) display.say(`\`danas resume ${name}\` goes on`);
    throw error;
  } finally {
    watching.abort();
    display.end();
    await worker.close().catch(() => undefined);
    stop.release();
    owned.release();
  }
  return end(conducted, ending, name, io);
}

async function end(conducted: Conducted, ending: Ending, name: string, io: Io): Promise<number> {
  switch (ending.kind) {
    case "done":
      await conclude(conducted, io);
      return 0;
    case "interrupted":
      io.err(`stopped; to go on:\n  danas resume ${name}\n`);
      return 75;
    case "failed": {
      const { code, message, hint } = ending.failure;
      // a run keeps its plan: what must change in the config begins another run
      const other = code === "io" ? "" : "; where the config must change, `danas search CONFIG --force` begins anew";
      const again = ending.resumable ? `${hint ? `${hint}; then ` : ""}\`danas resume ${name}\` goes on${other}` : hint;
      throw new DanasError(`E_RUN_${code.toUpperCase().replaceAll("-", "_")}`, message, {
        hint: again || `\`danas status ${name}\` tells more`,
        // a disk that is full is no failure of the run: it waits for room
        exitCode: ending.resumable && code === "io" ? 75 : 1,
      });
    }
    default:
      return assertNever(ending);
  }
}

const welcomeWords = ({ mock, devices, versions, host }: Welcome): string =>
  mock
    ? "the mock worker: every number from here on is made up"
    : `worker on ${host}: ${devices.join(", ")}${versions.torch ? `, torch ${versions.torch}` : ""}`;

/** Telemetry is for the eyes only: whatever goes wrong with it, the search does not care. */
async function watch({ telemetry, curve }: Welcome, run: string, live: Live, signal: AbortSignal): Promise<void> {
  if (telemetry === "") return;
  try {
    const { subscribeFrames } = await import("../telemetry/subscribe.js");
    for await (const frame of subscribeFrames(telemetry, run, signal, curve)) live.sawFrame(frame);
  } catch {
    // then the journal's timings are shown
  }
}
