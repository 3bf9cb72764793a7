import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { DanasError } from "../domain/errors.js";
import type { Job, TrainJob } from "../domain/job.js";
import type { Architecture, Space } from "../domain/space.js";
import { builtinSpace } from "../spaces/builtins.js";
import { singlePathSpace } from "../spaces/singleton.js";
import { rng } from "../util/rng.js";
import { Command } from "../wire/generated/danas/v1/job.js";
import { toWire } from "../wire/words.js";
import { findPython, workerEnvironment } from "../worker/python.js";
import { type BenchCase, type BenchResult, caseOf, environment } from "./harness.js";
import { classes, prepareJob } from "./synthetic.js";

export interface SupernetOptions {
  readonly python?: string | null;
  /** networks drawn from each space, each measured inside it and alone */
  readonly networks?: number;
  readonly onLine?: (line: string) => void;
}

interface Case {
  readonly name: string;
  readonly space: Space;
  readonly batchSize: number;
}

const stepsPerJob = 20;

const cases: readonly Case[] = [
  {
    name: "quickstart, 28x28",
    space: builtinSpace("quickstart", { channels: 1, height: 28, width: 28 }, classes),
    batchSize: 32,
  },
  {
    name: "danas-mobile, 64x64",
    space: builtinSpace("danas-mobile", { channels: 3, height: 64, width: 64 }, classes),
    batchSize: 8,
  },
];

/** what danas_bench answers to one network */
interface Measured {
  /** seconds of all steps measured */
  readonly supernet: number;
  readonly alone: number;
  readonly steps: number;
  readonly device: string;
  /** largest difference between the losses of the two, relative: they must do the same work */
  readonly difference: number;
}

/**
 * What a supernet costs the one path that is trained: steps per second of a drawn network inside the supernet, over those
 * of the same network standing alone, from the same weights on the same batches. In Python, without TypeScript
 * in the loop: the same functions on both sides, in turn, in one process.
 */
export async function benchSupernet(options: SupernetOptions = {}): Promise<BenchResult> {
  const onLine = options.onLine ?? ((line) => console.error(line));
  const networks = options.networks ?? 7;
  const results: BenchCase[] = [];
  for (const { name, space, batchSize } of cases) {
    const ask = startPython(options.python ?? null, onLine);
    try {
      const measured: Measured[] = [];
      for (let network = 0; network < networks; network++) {
        const draw = rng(1).fork("bench").fork("supernet").fork(network);
        const architecture = space.slots.map((slot) => draw.int(slot.candidates.length));
        const alone = singlePathSpace(space, architecture);
        const told = (await ask(
          prepareJob(space, batchSize, 100, 0),
          prepareJob(alone, batchSize, 100, 0),
          trainJob(architecture),
          trainJob(alone.slots.map(() => 0)),
        )) as Measured;
        if (told.difference > 1e-3) {
          throw new DanasError("E_BENCH", `inside the supernet and alone, the losses differ by ${told.difference}`, {
            hint: "the two do not do the same work: this is a fault of the worker",
            exitCode: 1,
          });
        }
        measured.push(told);
        onLine(`${name}, network ${network + 1} of ${networks}: supernet / alone = ${ratio(told).toFixed(3)}`);
      }
      const label = `${name}, batch ${batchSize}, ${measured[0].device}`;
      results.push(
        caseOf(
          `${label}: a path of the supernet`,
          "steps/s",
          measured.map((m) => m.steps / m.supernet),
        ),
        caseOf(
          `${label}: the network alone`,
          "steps/s",
          measured.map((m) => m.steps / m.alone),
        ),
        caseOf(`${label}: supernet / alone`, "ratio", measured.map(ratio)),
      );
    } finally {
      await ask.end();
    }
  }
  return { name: "supernet", ...environment(), cases: results };
}

const ratio = (measured: Measured): number => measured.alone / measured.supernet;

const trainJob = (architecture: Architecture): TrainJob => ({
  kind: "train",
  stream: "train",
  scope: "all",
  steps: Array.from({ length: stepsPerJob }, (_, batch) => ({
    paths: [{ architecture, weight: 1 }],
    learningRate: 1e-3,
    batch,
  })),
});

// ---- the Python side ------------------------------------------------------------------------------------------------

interface AskPython {
  /** the jobs, as a line; what is answered, a line */
  (...jobs: Job[]): Promise<unknown>;
  end(): Promise<void>;
}

function startPython(python: string | null, onLine: (line: string) => void): AskPython {
  const child = spawn(findPython(python), ["-m", "danas_bench.supernet"], {
    env: workerEnvironment() as NodeJS.ProcessEnv,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const last: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    last.push(line);
    onLine(line);
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  child.stdin.on("error", () => {}); // it died: the answer that does not come says so
  const ask = async (...jobs: Job[]): Promise<unknown> => {
    const commands = jobs.map((job) => Command.encode({ id: "", job: toWire<Command["job"]>(job) }).finish());
    child.stdin.write(`${commands.map((bytes) => Buffer.from(bytes).toString("base64")).join(" ")}\n`);
    const { value, done } = await answers.next();
    if (!done) return JSON.parse(value);
    throw new DanasError("E_BENCH", `danas_bench ended: ${last.slice(-5).join(" | ")}`, { exitCode: 1 });
  };
  return Object.assign(ask, {
    async end() {
      child.stdin.end();
      const patience = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(patience);
    },
  });
}
