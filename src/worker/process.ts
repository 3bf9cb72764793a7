import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { DanasError } from "../domain/errors.js";

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** what it prints goes here, appended; never to our own terminal, which a live view may own */
  readonly logFile: string;
  /** how long it may take to leave once asked, milliseconds */
  readonly graceMs: number;
  /** also open a Node message channel */
  readonly channel?: boolean;
}

/** A child process that we own: it has a log, a death that can be listened to, and an end. */
export interface OwnedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** aborts when the process is gone; the reason is a sentence with the end of its log */
  readonly death: AbortSignal;
  /** Asks it to leave by ending its standard input, then kills its whole group. May be called twice. */
  stop(): Promise<void>;
  /** lines it prints on standard output; they go to the log as well */
  onLine(hear: (line: string) => void): void;
}

/**
 * Starts a process in a group of its own, so that what it starts (data loaders) ends with it and a Ctrl-C in our terminal
 * does not reach it: we decide when it stops. It holds the read end of a pipe from us as standard input: should we be
 * killed, that pipe ends, and by contract so does the process.
 * @throws DanasError E_WORKER_START where the program cannot be started
 */
export async function startProcess(options: ProcessOptions): Promise<OwnedProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, "a+", 0o600);
  const logStart = fstatSync(log).size;
  const child = spawn(options.command, [...options.args], {
    env: options.env as NodeJS.ProcessEnv,
    detached: true,
    stdio: options.channel ? ["pipe", "pipe", log, "ipc"] : ["pipe", "pipe", log],
  });
  const death = new AbortController();
  const gone = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      // its own children may hold its output open: they go first, or "close" would wait for them
      killGroup(child.pid);
      const how = signal ? `was killed by ${signal}` : `ended with code ${code}`;
      death.abort(`the worker process (${child.pid}) ${how}${tail(log, logStart)}`);
    });
    child.once("close", () => {
      closeSync(log);
      resolve();
    });
  });
  child.stdin?.on("error", () => {}); // it left before we said so
  const lines = createInterface({ input: child.stdout! });
  lines.on("line", (line) => writeSync(log, `${line}\n`));
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new DanasError("E_WORKER_START", `cannot start ${options.command}: ${(error as Error).message}`, {
      hint: "run `npm run setup`, or name a Python that has torch in worker.python",
      exitCode: 1,
      cause: error,
    });
  }
  child.on("error", () => {}); // a signal or message that came too late
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    child.stdin?.end();
    const patience = setTimeout(() => killGroup(child.pid), options.graceMs);
    await gone;
    clearTimeout(patience);
  };
  return {
    child,
    pid: child.pid!,
    death: death.signal,
    stop: () => (stopping ??= stop()),
    onLine: (hear) => {
      lines.on("line", hear);
    },
  };
}

/** everything in the process's group; a group that is gone already is what we want */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // ESRCH: nothing left of it
  }
}

const tailBytes = 2_000;

/** the last lines that this process wrote to its log */
function tail(log: number, from: number): string {
  const size = fstatSync(log).size;
  const start = Math.max(from, size - tailBytes);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  readSync(log, buffer, 0, buffer.length, start);
  const lines = buffer.toString("utf8").trimEnd().split("\n");
  if (start > from) lines.shift(); // cut in the middle
  const last = lines.slice(-15).filter((line) => line !== "");
  return last.length === 0 ? "" : `; the end of its log:\n  ${last.join("\n  ")}`;
}
