import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { limitWords } from "../util/units.js";
import { ToWorker } from "../wire/generated/danas/v1/worker.js";
import type { Ask, Told } from "./embedded-host.js";
import { type Connect, type LinkEnd, readMessage } from "./link.js";
import type { Hello, Worker, WorkerSession } from "./port.js";
import { type OwnedProcess, startProcess } from "./process.js";
import { findPython, workerEnvironment } from "./python.js";
import { defaultJobTimeoutMs, openSession } from "./session.js";

export interface EmbeddedOptions {
  /** null = $DANAS_PYTHON, else the environment of `npm run setup` */
  readonly python?: string | null;
  readonly allowModules?: readonly string[];
  /** folders where such modules are found; default: the working folder, as with a local worker */
  readonly pythonPath?: readonly string[];
  /** default: `worker.log` in the run's folder */
  readonly logFile?: string;
  readonly startTimeoutMs?: number;
  /**
   * How long one command may take. Python reads nothing while it works, so a job that hangs can only be told from a long
   * one by the clock.
   */
  readonly jobTimeoutMs?: number;
  /** the Python module whose `handle` is called; a bench brings its own */
  readonly module?: string;
}

/**
 * A worker without socket, port or server: pythonia bridges into a Python that is given the very bytes of the wire, as
 * base64 through one function.
 *
 * The bridge lives in a small Node process of its own (embedded-host.ts), not in ours. Imported here it would start Python at
 * once, one a process; hand it our terminal; end our process on a NaN in its JSON; leave calls pending for
 * 100 s when Python dies; and leave Python behind when we die. As a child it has a log, a group that is killed
 * whole, and an end we hear of. The extra hop is a few tens of microseconds a job.
 *
 * A session is a process: closing one ends the other, and what it was doing with it.
 */
export function embeddedWorker(options: EmbeddedOptions = {}): Worker {
  let session: WorkerSession | null = null;
  let host: OwnedProcess | null = null;
  const end = async () => {
    await session?.close();
    await host?.stop();
    session = null;
    host = null;
  };
  return {
    kind: "embedded",
    async open(hello: Hello) {
      await end();
      host = await startHost(hello, options);
      try {
        session = await openSession(hello, {
          connect: embeddedConnect(host, options),
          name: "the embedded Python",
          welcomeTimeoutMs: options.startTimeoutMs ?? 120_000,
          heartbeat: null,
          reconnectAfterMs: [],
          death: host.death,
        });
        return session;
      } catch (error) {
        await end();
        throw error;
      }
    },
    close: end,
  };
}

function startHost(hello: Hello, options: EmbeddedOptions): Promise<OwnedProcess> {
  const python = findPython(options.python ?? null);
  const source = import.meta.url.endsWith(".ts");
  const file = fileURLToPath(new URL(`./embedded-host.${source ? "ts" : "js"}`, import.meta.url));
  // run from source (tests, development), the host needs the same loader
  const loader = source ? ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href] : [];
  return startProcess({
    command: process.execPath,
    args: [...loader, file],
    env: {
      ...workerEnvironment(options.pythonPath ?? [process.cwd()]),
      PYTHON_BIN: python, // what pythonia starts
      REQ_TIMEOUT: "0", // its deadlines off: ours count
      NODE_OPTIONS: "",
      DANAS_EMBEDDED_MODULE: options.module ?? "danas_worker.embedded",
      DANAS_ALLOW_MODULES: (options.allowModules ?? []).join(","),
    },
    logFile: options.logFile ?? join(hello.runFolder, "worker.log"),
    graceMs: 2_000,
    channel: true,
  });
}

/** Each message is one call, each call is answered by one message, in order: Python does one thing at a time. */
function embeddedConnect(host: OwnedProcess, options: EmbeddedOptions): Connect {
  const jobTimeoutMs = options.jobTimeoutMs ?? defaultJobTimeoutMs;
  return (handlers) => {
    let over = false;
    let outstanding = 0;
    let welcomed = false; // before, the session's own deadline counts: Python may have to import torch
    let deadline: NodeJS.Timeout | undefined;
    const end = (how: LinkEnd) => {
      if (over) return;
      over = true;
      clearTimeout(deadline);
      handlers.onEnd(how);
    };
    const watch = () => {
      clearTimeout(deadline);
      if (outstanding === 0 || over || !welcomed) return;
      const late = () => {
        end({ reason: `no answer within ${limitWords(jobTimeoutMs)}`, again: false });
        void host.stop();
      };
      deadline = setTimeout(late, jobTimeoutMs);
      deadline.unref();
    };
    const hear = (message: unknown) => {
      if (over) return;
      const told = message as Told;
      if ("error" in told) {
        end({ reason: `the bridge to Python failed: ${told.error}`, again: false, code: "start" });
        return;
      }
      outstanding--;
      welcomed = true;
      watch();
      readMessage(Buffer.from(told.message, "base64"), handlers, end);
    };
    // never taken off: Node breaks over a message that comes when nobody listens and the channel has just closed
    host.child.on("message", hear);
    return {
      send(message) {
        if (over || !host.child.connected) return; // its death is heard elsewhere
        const ask: Ask = { message: Buffer.from(ToWorker.encode(message).finish()).toString("base64") };
        if (outstanding++ === 0) watch();
        host.child.send(ask);
      },
      async close() {
        over = true;
        clearTimeout(deadline);
        await host.stop();
      },
    };
  };
}
