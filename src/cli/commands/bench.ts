import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchResult } from "../../bench/harness.js";
import { loadConfig } from "../../config/load.js";
import { DanasError } from "../../domain/errors.js";
import { openJournal } from "../../journal/sqlite.js";
import { makeWorker } from "../../runs/adapters.js";
import { files, findRun, journalOf } from "../../runs/folder.js";
import { closest } from "../../util/closest.js";
import { significant } from "../../util/format.js";
import type { Io } from "../io.js";

export interface BenchOptions {
  readonly json: boolean;
  /** of against-random: the finished run, and how many networks */
  readonly run?: string;
  readonly networks: number;
}

type Bench = (options: BenchOptions, io: Io) => Promise<BenchResult>;

const say = (io: Io) => (line: string) => io.err(`${line}\n`);

const benches: Readonly<Record<string, { readonly about: string; readonly run: Bench }>> = {
  cost: {
    about: "architectures priced per second; the exact best one under a budget",
    run: async () => (await import("../../bench/cost.js")).benchCost(),
  },
  overhead: {
    about: "training steps per second through TypeScript and the wire, over the bare Python loop",
    run: async (_, io) => (await import("../../bench/overhead.js")).benchOverhead({ onLine: say(io) }),
  },
  supernet: {
    about: "a path inside the supernet, over the same network standing alone",
    run: async (_, io) => (await import("../../bench/supernet.js")).benchSupernet({ onLine: say(io) }),
  },
  durability: {
    about: "what losing nothing costs: journal, checkpoints, recovery, a long journal (about ten minutes)",
    run: durability,
  },
  "against-random": {
    about: "the network that --run found, against random ones under its budget, retrained the same way (long)",
    run: againstRandom,
  },
};

/** `danas bench [NAME]`: measures on this machine; without a name, what can be measured. */
export async function bench(name: string | undefined, options: BenchOptions, io: Io): Promise<number> {
  if (name === undefined) {
    for (const [key, { about }] of Object.entries(benches)) io.out(`${key.padEnd(16)} ${about}\n`);
    return 0;
  }
  if (!Object.hasOwn(benches, name)) {
    const near = closest(name, Object.keys(benches));
    throw new DanasError("E_BENCH_UNKNOWN", `there is no bench "${name}"`, {
      hint: near ? `did you mean "${near}"?` : `there are ${Object.keys(benches).join(", ")}`,
    });
  }
  const result = await benches[name].run(options, io);
  io.out(options.json ? `${JSON.stringify(result)}\n` : render(result));
  return 0;
}

function render({ name, device, versions, cases }: BenchResult): string {
  const width = Math.max(...cases.map((one) => one.case.length));
  const rows = cases.map(
    ({ case: what, value, unit, min, max, repeats }) =>
      `  ${what.padEnd(width)}  ${significant(value)} ${unit}${repeats > 1 ? `  (${significant(min)} to ${significant(max)}, ${repeats} repeats)` : ""}`,
  );
  const on = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  return `${[`${name} on ${device}`, `  ${on.join(", ")}`, ...rows].join("\n")}\n`;
}

/** the examples, as they are shipped */
const example = (name: string) => fileURLToPath(new URL(`../../../examples/${name}.yaml`, import.meta.url));

async function durability(_: BenchOptions, io: Io): Promise<BenchResult> {
  const around = { cwd: io.cwd, env: io.env };
  const real = loadConfig(example("quickstart"), { ...around, set: ["name=bench", "programs=[rank, search]"] });
  const long = loadConfig(example("imagenet-mock"), { ...around, set: ["name=bench", "worker.imagesPerClass=4000"] });
  if (long.worker.kind !== "mock") throw new Error("the long journal is the mock worker's");
  const { benchDurability } = await import("../../bench/durability.js");
  return benchDurability({
    ...{ real, long: { plan: long.plan, worker: long.worker } },
    makeWorker: () => makeWorker(real.worker, io),
    onLine: say(io),
  });
}

async function againstRandom({ run, networks }: BenchOptions, io: Io): Promise<BenchResult> {
  if (run === undefined)
    throw new DanasError("E_USAGE", "against-random compares with a finished run", { hint: "add --run NAME" });
  const folder = findRun(run, io);
  const { worker } = loadConfig(join(folder, files.resolved), { cwd: io.cwd, env: io.env, skipData: true });
  const adapter = await makeWorker(worker, io);
  const journal = openJournal(journalOf(folder), { readonly: true });
  try {
    const { benchAgainstRandom } = await import("../../bench/against-random.js");
    return await benchAgainstRandom({ journal, worker: adapter, networks, onLine: say(io) });
  } finally {
    await adapter.close();
    journal.close();
  }
}
