#!/usr/bin/env node
// `npm run test:torture`: the long form of the suites that kill, fuzz and break things. A seed may be given; it is printed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureFashionMnist } from "./data.mjs";
import { pythonEnvironment } from "./environment.mjs";
import { main, root } from "./lib.mjs";
import { setUp } from "./setup.mjs";

const suites = [
  "test/kill-points.test.ts",
  "test/divergence.test.ts",
  "test/real-kills.test.ts",
  "test/full-disk.test.ts",
  "test/damaged-checkpoints.test.ts",
  "src/config/fuzz.test.ts",
];

/** seconds as a person reads them */
const took = (ms) => `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;

function runSuites(seed, folder) {
  const counts = join(folder, "counts.jsonl");
  const { python } = pythonEnvironment();
  const env = {
    ...process.env,
    DANAS_PYTHON: python,
    DANAS_TORTURE: "1",
    DANAS_TORTURE_SEED: String(seed),
    DANAS_TORTURE_COUNTS: counts,
    DANAS_FUZZ_RUNS: "10000",
    DANAS_FUZZ_MESSAGES: "10000",
  };
  const vitest = spawnSync(
    process.execPath,
    // one file at a time: what is killed at random moments should not be disturbed by its neighbour
    [join(root, "node_modules/vitest/vitest.mjs"), "run", "--no-file-parallelism", "--testTimeout=900000", ...suites],
    { cwd: root, stdio: "inherit", env },
  );
  const fuzzed = [
    "jobs/test_disturbed_jobs.py",
    "protocol/test_wire.py",
    "serving/test_sessions.py",
    "serving/test_absurd_messages.py",
    "jobs/test_full_disk.py",
  ].map((name) => `tests/${name}`);
  const pytest = spawnSync(python, ["-m", "pytest", "-q", ...fuzzed], {
    cwd: join(root, "python_worker"),
    stdio: "inherit",
    env,
  });
  const totals = new Map();
  if (existsSync(counts)) {
    for (const line of readFileSync(counts, "utf8").split("\n").filter(Boolean)) {
      const { what, times } = JSON.parse(line);
      totals.set(what, (totals.get(what) ?? 0) + times);
    }
  }
  return { ok: vitest.status === 0 && pytest.status === 0, totals };
}

main(import.meta.url, async () => {
  const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
  const folder = mkdtempSync(join(tmpdir(), "danas-torture-"));
  const began = Date.now();
  try {
    await setUp();
    ensureFashionMnist();
    console.log(`seed ${seed} (\`npm run test:torture -- ${seed}\` does the same again)`);
    const { ok, totals } = runSuites(seed, folder);
    for (const [what, times] of totals) console.log(`${String(times).padStart(7)}  ${what}`);
    console.log(`${ok ? "all held" : "something broke: see above"}, seed ${seed}, ${took(Date.now() - began)}`);
    process.exitCode = ok ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
