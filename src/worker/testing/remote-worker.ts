import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { findPython, workerEnvironment } from "../python.js";

/** A Python worker that nobody owns, as it would run on another machine: reached over TCP, told by its command line. */
export interface RemoteWorker {
  readonly address: string;
  readonly telemetry: string;
  readonly pid: number;
  /** all that it said, on both streams */
  said(): string;
  close(): Promise<void>;
}

/** waits until it listens; rejects with what it said where it will not */
export async function startRemoteWorker(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<RemoteWorker> {
  const child = spawn(findPython(null), ["-m", "danas_worker", "--parent-stdin", ...args], {
    env: { ...workerEnvironment(), ...env } as NodeJS.ProcessEnv,
    stdio: ["pipe", "pipe", "pipe"],
  });
  return listening(child);
}

/** of any process that has a worker's standard output for its own */
export async function listening(child: ChildProcess): Promise<RemoteWorker> {
  let said = "";
  const ended = once(child, "close");
  const ready = new Promise<Pick<RemoteWorker, "address" | "telemetry" | "pid">>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      const line = /^ready (\{.*\})$/m.exec(said);
      if (line) resolve(JSON.parse(line[1]));
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    void ended.then(() => reject(new Error(said)));
  });
  const close = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { ...(await ready), said: () => said, close };
}
