import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DanasError } from "../domain/errors.js";
import { defaultHeartbeat, defaultReconnectAfterMs, grpcConnect } from "./grpc.js";
import { type Hello, type Worker, WorkerLost, type WorkerSession } from "./port.js";
import { type OwnedProcess, startProcess } from "./process.js";
import { findPython, workerEnvironment } from "./python.js";
import { defaultJobTimeoutMs, openSession } from "./session.js";

export interface LocalOptions {
  /** null = $DANAS_PYTHON, else the environment of `npm run setup` */
  readonly python?: string | null;
  /** modules that a config may name as data factories; others are refused by the worker */
  readonly allowModules?: readonly string[];
  /** folders where such modules are found, besides the working folder */
  readonly pythonPath?: readonly string[];
  /** default: `worker.log` in the run's folder */
  readonly logFile?: string;
  /** importing torch takes seconds, on a cold and busy machine a minute */
  readonly startTimeoutMs?: number;
  /** how long it may take to leave before it is killed */
  readonly graceMs?: number;
  readonly heartbeat?: { readonly everyMs: number; readonly timeoutMs: number };
  /** longest that one job may take */
  readonly jobTimeoutMs?: number;
  /** Python's arguments that start a worker; a bench starts one that can do a little more */
  readonly program?: readonly string[];
}

/** A Python worker that danas starts itself, speaks gRPC with over a Unix socket, and whose life it owns. */
export function localWorker(options: LocalOptions = {}): Worker {
  let running: Running | null = null;
  let session: WorkerSession | null = null;
  let lost = false;
  const end = async () => {
    await session?.close();
    const ending = running;
    running = null;
    await ending?.end();
  };
  return {
    kind: "local",
    async open(hello: Hello) {
      // a process that a session was lost with may hang in its work: a new one is sure to serve
      await (lost || running?.process.death.aborted ? end() : session?.close());
      lost = false;
      running ??= await start(hello, options);
      const { process, address, ready } = running;
      try {
        await ready;
        session = await openSession(hello, {
          connect: grpcConnect({ address }),
          name: address,
          welcomeTimeoutMs: 30_000,
          heartbeat: options.heartbeat ?? defaultHeartbeat,
          reconnectAfterMs: defaultReconnectAfterMs,
          jobTimeoutMs: options.jobTimeoutMs ?? defaultJobTimeoutMs,
          death: process.death,
          onLost: () => {
            lost = true;
          },
        });
        return session;
      } catch (error) {
        // it does not listen, or does not serve: no use to anyone
        const killed = running !== null && process.child.signalCode !== null;
        await end();
        // somebody else killed it (a person, the kernel for want of memory): another one may fare better
        throw killed ? new WorkerLost((error as Error).message) : error;
      }
    },
    close: end,
  };
}

interface Running {
  readonly process: OwnedProcess;
  readonly address: string;
  /** when it listens; rejects with a DanasError where it will not */
  readonly ready: Promise<void>;
  end(): Promise<void>;
}

async function start(hello: Hello, options: LocalOptions): Promise<Running> {
  const python = findPython(options.python ?? null);
  const folder = socketFolder();
  const address = `unix:${join(folder, "worker.sock")}`;
  try {
    const process = await startProcess({
      command: python,
      args: [
        ...(options.program ?? ["-m", "danas_worker"]),
        "--listen",
        address,
        "--telemetry",
        `ipc://${join(folder, "telemetry.sock")}`,
        "--parent-stdin",
        ...(options.allowModules ?? []).flatMap((module) => ["--allow-module", module]),
      ],
      env: workerEnvironment(options.pythonPath),
      logFile: options.logFile ?? join(hello.runFolder, "worker.log"),
      graceMs: options.graceMs ?? 5_000,
    });
    const ready = untilReady(process, options.startTimeoutMs ?? 120_000);
    ready.catch(() => undefined); // awaited by whoever opened; a close may come first
    const end = async () => {
      await process.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    return { process, address, ready, end };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The worker prints one line that begins with `ready` once its socket accepts. */
function untilReady(process: OwnedProcess, timeoutMs: number): Promise<void> {
  const failed = (message: string) =>
    new DanasError("E_WORKER_START", message, {
      hint: "the whole log is worker.log in the run's folder; `danas doctor` checks the set-up",
      exitCode: 1,
    });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(failed(`the worker was not ready within ${timeoutMs / 1000} s`)), timeoutMs);
    const dead = () => {
      clearTimeout(timer);
      reject(failed(String(process.death.reason)));
    };
    if (process.death.aborted) dead();
    process.death.addEventListener("abort", dead);
    process.onLine((line) => {
      if (!/^ready\b/.test(line)) return;
      clearTimeout(timer);
      process.death.removeEventListener("abort", dead);
      resolve();
    });
  });
}

/**
 * A folder only we can enter (mkdtemp makes it 0700): whoever reaches the socket commands the worker. Its path must
 * be short, for a Unix socket's address holds about 100 bytes.
 */
function socketFolder(): string {
  const base = tmpdir();
  return mkdtempSync(join(base.length > 60 ? "/tmp" : base, "danas-"));
}
