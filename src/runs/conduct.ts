import { hostname } from "node:os";
import type { CheckpointSettings } from "../domain/settings.js";
import type { Frame } from "../domain/telemetry.js";
import { type Ending, type RunHooks, run } from "../runner/run.js";
import { following } from "../story/following.js";
import { systemClock } from "../util/clock.js";
import type { Welcome, Worker } from "../worker/port.js";
import type { Run } from "./run.js";
import { logic, version } from "./version.js";

export interface ConductOptions {
  /** whoever made it closes it */
  readonly worker: Worker;
  readonly checkpoints: CheckpointSettings;
  /** aborted = checkpoint and stop */
  readonly signal?: AbortSignal;
  readonly hooks?: RunHooks & {
    /** what the worker shows of itself between answers; any may be missing */
    onFrame?(frame: Frame): void;
  };
}

/** Carries a run out to its end, whatever that is: on this process's clock, in its name, with nobody looking on but the hooks. */
export async function conduct(
  { folder, journal }: Pick<Run, "folder" | "journal">,
  options: ConductOptions,
): Promise<Ending> {
  const { worker, checkpoints, signal = new AbortController().signal, hooks = {} } = options;
  const watching = new AbortController();
  try {
    return await run({
      ...{ plan: journal.plan, worker, checkpoints, signal, logic },
      journal: following(journal, logic),
      runFolder: folder,
      clock: systemClock,
      owner: { host: hostname(), pid: process.pid, versions: { danas: version, node: process.version } },
      hooks: {
        ...hooks,
        onWelcome(welcome) {
          hooks.onWelcome?.(welcome);
          if (hooks.onFrame) void watch(welcome, journal.plan.name, hooks.onFrame, watching.signal);
        },
      },
    });
  } finally {
    watching.abort();
  }
}

/** Telemetry is for the eyes only: whatever goes wrong with it, the search does not care. */
async function watch(
  { telemetry, curve }: Welcome,
  run: string,
  onFrame: (frame: Frame) => void,
  signal: AbortSignal,
): Promise<void> {
  if (telemetry === "") return;
  try {
    const { subscribeFrames } = await import("../telemetry/subscribe.js");
    for await (const frame of subscribeFrames(telemetry, run, signal, curve)) onFrame(frame);
  } catch {
    // then the journal's timings are shown
  }
}
