/**
 * The process between an embedded worker and Python: started by embedded.ts, never imported for its values.
 * It relays: a message from the parent becomes one call of `danas_worker.embedded.handle`, its result one message back.
 */

/** from the parent: a ToWorker, in base64 */
export interface Ask {
  readonly message: string;
}

/** to the parent: a FromWorker in base64, or what broke the bridge */
export type Told = { readonly message: string } | { readonly error: string };

/** the part of pythonia that is used here; its own types know neither `com` nor call options */
interface Pythonia {
  python(module: string): Promise<{ handle(message: string): Promise<string> }>;
  com: { proc: import("node:child_process").ChildProcess | null };
}

const tell = (told: Told): void => {
  if (process.connected) process.send!(told);
};

let bridge: Pythonia | null = null;

/** Nothing in Python is worth waiting for: what must survive was written and renamed by a checkpoint. */
function leave(code: number): never {
  bridge?.com.proc?.kill("SIGKILL");
  process.exit(code);
}

process.on("disconnect", () => leave(0));
process.stdin.on("end", () => leave(0)).resume();
process.on("uncaughtException", (error) => {
  console.error(error);
  tell({ error: error.message });
  leave(1);
});

// messages that come while Python starts wait for it
const started = (async () => {
  bridge = (await import("pythonia")).default as unknown as Pythonia; // starts Python
  bridge.com.proc?.on("exit", (code, signal) => {
    console.error(`Python ${signal ? `was killed by ${signal}` : `ended with code ${code}`}`);
    leave(1);
  });
  return bridge.python(process.env.DANAS_EMBEDDED_MODULE ?? "danas_worker.embedded");
})();
started.catch((error) => {
  console.error(error);
  tell({ error: `danas_worker cannot be imported: ${raised(error)}` });
  leave(1);
});

let last: Promise<void> = Promise.resolve();
process.on("message", ({ message }: Ask) => {
  last = last.then(async () => {
    try {
      const worker = await started;
      tell({ message: await worker.handle(message) });
    } catch (error) {
      console.error(error);
      tell({ error: raised(error) });
    }
  });
});

/**
 * What Python raised, in a line. pythonia puts a traceback of both languages into the stack of an error without a message;
 * the exception stands last. The whole is in the log.
 */
function raised(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const lines = (error.message || error.stack || error.name).trim().split("\n");
  return lines[lines.length - 1].replace(/^\*+ JS \*+ /, "");
}
