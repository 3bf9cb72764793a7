import { spawn } from "node:child_process";
import { DanasError } from "../../domain/errors.js";
import { findPython, workerEnvironment } from "../../worker/python.js";
import type { Io } from "../io.js";

/** `danas worker …`: the Python worker in the foreground, for another machine or another terminal. Arguments are its own. */
export async function worker(args: readonly string[], io: Io): Promise<number> {
  const python = findPython(null, io.env);
  // a serving worker ends with us, however we end: then the pipe that is its standard input closes
  const serves = !args.some((arg) => arg === "--help" || arg === "-h" || arg === "--parent-stdin");
  const child = spawn(python, ["-m", "danas_worker", ...args, ...(serves ? ["--parent-stdin"] : [])], {
    cwd: io.cwd,
    env: workerEnvironment([io.cwd], io.env),
    stdio: [serves ? "pipe" : "inherit", "inherit", "inherit"],
  });
  // Ctrl-C reaches it from the terminal; what is sent to us alone is passed on. We stay until it is gone.
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const ignore = () => {};
  process.on("SIGTERM", pass);
  process.on("SIGINT", ignore);
  try {
    return await new Promise<number>((done, fail) => {
      child.once("error", (error) =>
        fail(
          new DanasError("E_WORKER_START", `cannot start ${python}: ${error.message}`, {
            hint: "run `npm run setup`",
            exitCode: 1,
          }),
        ),
      );
      child.once("exit", (code, signal) => done(code ?? (signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 1)));
    });
  } finally {
    process.off("SIGTERM", pass);
    process.off("SIGINT", ignore);
  }
}
