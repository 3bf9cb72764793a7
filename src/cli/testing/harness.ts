import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import pc from "picocolors";
import { execute } from "../execute.js";
import type { Io } from "../io.js";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** one command line, in this process */
export async function danas(cwd: string, args: readonly string[], env: Io["env"] = {}): Promise<Said> {
  let out = "";
  let err = "";
  const io: Io = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    cwd,
    env: { HOME: cwd, ...env },
    animated: false,
    width: () => 100,
    colors: pc.createColors(false),
  };
  const code = await execute(args, io, "0.0.0");
  return { code, out, err };
}

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

export interface Process {
  readonly child: ChildProcess;
  /** resolves once standard error holds the text */
  saw(text: string): Promise<void>;
  readonly ended: Promise<Said & { readonly signal: string | null }>;
}

/** lines of a shell, where `danas` is the real command line and takes the shell's place */
export function shell(cwd: string, lines: string, env: NodeJS.ProcessEnv): ChildProcess {
  const words = [process.execPath, "--import", tsx, main].map((word) => `'${word}'`).join(" ");
  return spawn("sh", ["-ec", `danas() { exec ${words} "$@"; }\n${lines}`], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** the real command line, in a process of its own */
export function startDanas(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Process {
  const child = spawn(process.execPath, ["--import", tsx, main, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  let heard = () => {};
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => {
    err += chunk;
    heard();
  });
  const ended = new Promise<Said & { signal: string | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code: code ?? -1, out, err, signal }));
  });
  const saw = (text: string) =>
    new Promise<void>((resolve, reject) => {
      heard = () => err.includes(text) && resolve();
      heard();
      void ended.then(() => reject(new Error(`ended without saying "${text}": ${err}`)));
    });
  return { child, ended, saw };
}

/** a search of a second on the mock worker */
export const mockConfig = `name: little
seed: 3
data: { source: synthetic, input: 3x32x32, classes: 6, perClass: 40 }
space:
  name: little
  stem: [{ op: c3, width: 8, stride: 2 }]
  stages:
    - { width: 8, slots: 2, stride: 1, candidates: [k3e3, k3e6, k5e3, skip] }
    - { width: 16, slots: 1, stride: 2, candidates: [k3e3, k3e6, k5e3] }
budget: { maxMacs: 2M }
ranking: { references: [middle], epochs: 3, batchSize: 16 }
search:
  warmup: { epochs: 1, classes: 2 }
  rounds: [{ classes: 4, epochs: 2 }, { classes: all, epochs: 2 }]
  batchSize: 16
retrain: { epochs: 2, batchSize: 16 }
worker: { kind: mock, imagesPerClass: 40 }
`;
