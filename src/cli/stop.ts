/** How a run is asked to stop: first with a checkpoint, then at once. */
export interface Stop {
  readonly signal: AbortSignal;
  /** signals are no longer ours */
  release(): void;
}

/** SIGUSR1 is what Slurm sends before the time is up (`--signal=USR1@60`) */
const asking = ["SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP"] as const;

/**
 * @param onFirst says what is happening now
 * @param onSecond last words; the process ends with 130 right after, and the worker with its standard input
 */
export function listenForStop(onFirst: (signal: string) => void, onSecond: () => void): Stop {
  const controller = new AbortController();
  const hear = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      onFirst(signal);
      controller.abort();
      return;
    }
    // the shell of a closed terminal repeats itself; a person at the keyboard means it
    if (signal === "SIGHUP") return;
    onSecond();
    process.exit(130);
  };
  for (const signal of asking) process.on(signal, hear);
  return {
    signal: controller.signal,
    release() {
      for (const signal of asking) process.off(signal, hear);
    },
  };
}
