import { assertNever, DanasError } from "../domain/errors.js";
import type { CheckpointSettings } from "../domain/settings.js";
import type { Ending } from "../runner/run.js";
import { conduct } from "../runs/conduct.js";
import { shortName } from "../runs/folder.js";
import type { Run } from "../runs/run.js";
import type { Welcome, Worker } from "../worker/port.js";
import { conclude } from "./conclude.js";
import type { Io } from "./io.js";
import { beginDisplay, type Display } from "./progress/display.js";
import { Live } from "./progress/live.js";
import { listenForStop } from "./stop.js";

/** how a run is carried out before a person's eyes */
export interface Showing {
  readonly worker: Worker;
  readonly checkpoints: CheckpointSettings;
  /** nothing on standard error but what went wrong */
  readonly quiet: boolean;
  /** open the report of a run that reached its end */
  readonly open?: boolean;
}

/** Carries a run out to its end: shows it, stops it when asked, tells what came of it. @returns the exit code */
export async function carryOut(
  run: Run,
  { worker, checkpoints, quiet, open = false }: Showing,
  io: Io,
): Promise<number> {
  const name = shortName(run.folder, io);
  const live = new Live(run.journal.plan);
  const display: Display = quiet ? { say: () => {}, end: () => {} } : await beginDisplay(live, io);
  const stop = listenForStop(
    (signal) => display.say(`${signal}: writing a checkpoint, then stopping; once more stops at once`),
    () => {
      display.end();
      io.err(`stopped at once; \`danas resume ${name}\` goes on from the last checkpoint\n`);
    },
  );
  let ending: Ending;
  try {
    ending = await conduct(run, {
      ...{ worker, checkpoints, signal: stop.signal },
      hooks: {
        onWelcome(welcome) {
          live.sawWelcome(welcome.mock);
          display.say(welcomeWords(welcome));
        },
        onEntry: (entry, state) => live.sawEntry(entry, state),
        onNotice: (message) => display.say(message),
        onFrame: (frame) => live.sawFrame(frame),
      },
    });
  } catch (error) {
    if (error instanceof DanasError && error.exitCode === 75) display.say(`\`danas resume ${name}\` goes on`);
    throw error;
  } finally {
    display.end();
    await worker.close().catch(() => undefined);
    stop.release();
  }
  switch (ending.kind) {
    case "done":
      await conclude({ ...run, quiet, open }, io);
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
