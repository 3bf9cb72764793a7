// What the scripts share. They run before anything is installed, so they use nothing but Node.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** A step that could not be done: what failed, and what to do about it. */
export class StepFailed extends Error {
  constructor(step, message, hint, output = "") {
    super(message);
    this.step = step;
    this.hint = hint;
    this.output = output;
  }
}

/** the end of a long text, where the reason usually stands */
const tail = (text, lines = 15) => text.trimEnd().split("\n").slice(-lines).join("\n");

/** Runs a command in the project's root and returns its standard output. @throws StepFailed */
export function run(step, command, args, options = {}) {
  const { hint = "read the lines above; the command can be run by hand", show = false, env = {}, cwd = root } = options;
  const done = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: show ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
  });
  if (done.error) throw new StepFailed(step, `${command}: ${done.error.message}`, hint);
  if (done.status !== 0) {
    const output = show ? "" : tail(`${done.stdout ?? ""}\n${done.stderr ?? ""}`);
    const how = done.signal ? `was ended by ${done.signal}` : `ended with exit code ${done.status}`;
    throw new StepFailed(step, `\`${[command, ...args].join(" ").slice(0, 300)}\` ${how}`, hint, output);
  }
  return done.stdout ?? "";
}

/** Runs `body` where the file was called from the command line; a failed step is three lines, not a stack. */
export async function main(url, body) {
  if (process.argv[1] === undefined || pathToFileURL(process.argv[1]).href !== url) return;
  try {
    await body();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    if (error.output) console.error(error.output);
    console.error(`${error.step} failed: ${error.message}\n  hint: ${error.hint}`);
    process.exitCode = 1;
  }
}
