#!/usr/bin/env node
// `npm test`: set-up, checks, the TypeScript tests and the Python tests. The last line counts both.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.mjs";
import { ensureFashionMnist } from "./data.mjs";
import { pythonEnvironment } from "./environment.mjs";
import { main, root } from "./lib.mjs";
import { setUp } from "./setup.mjs";

/** Runs vitest, then pytest. @returns tests passed and failed; a runner that broke counts as one failure */
function runTests(results) {
  const { python } = pythonEnvironment();
  const environment = { ...process.env, DANAS_PYTHON: python };
  const vitestJson = join(results, "vitest.json");
  const vitest = spawnSync(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${vitestJson}`,
    ],
    { cwd: root, stdio: "inherit", env: environment },
  );
  const pytestXml = join(results, "pytest.xml");
  const pytest = spawnSync(python, ["-m", "pytest", "-q", `--junitxml=${pytestXml}`], {
    cwd: join(root, "python_worker"),
    stdio: "inherit",
    env: environment,
  });

  let passed = 0;
  let failed = 0;
  if (existsSync(vitestJson)) {
    const report = JSON.parse(readFileSync(vitestJson, "utf8"));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
  }
  if (existsSync(pytestXml)) {
    const suite = readFileSync(pytestXml, "utf8").match(/<testsuite [^>]*>/)?.[0] ?? "";
    const number = (name) => Number(suite.match(new RegExp(`${name}="(\\d+)"`))?.[1] ?? 0);
    const broken = number("errors") + number("failures");
    passed += number("tests") - broken - number("skipped");
    failed += broken;
  }
  if (failed === 0 && (vitest.status !== 0 || pytest.status !== 0)) failed = 1;
  return { passed, failed };
}

main(import.meta.url, async () => {
  let counts = { passed: 0, failed: 1 };
  const results = mkdtempSync(join(tmpdir(), "danas-tests-"));
  try {
    await setUp();
    ensureFashionMnist();
    check();
    counts = runTests(results);
  } finally {
    rmSync(results, { recursive: true, force: true });
    console.log(`${counts.passed} passed, ${counts.failed} failed`);
    process.exitCode = counts.failed > 0 ? 1 : 0;
  }
});
