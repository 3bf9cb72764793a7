#!/usr/bin/env node
// Everything a clone needs: Node dependencies, Python environment, wire code, compiled TypeScript. Quick when all is there.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensurePythonEnvironment } from "./environment.mjs";
import { main, root, run, StepFailed } from "./lib.mjs";

/** installs the locked Node dependencies where the lock file differs from what was installed last */
export function ensureNodeModules() {
  const stamp = join(root, "node_modules/.danas-lock");
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return false;
  console.error("installing the Node dependencies");
  run(
    "installing the Node dependencies",
    process.platform === "win32" ? "npm.cmd" : "npm",
    ["ci", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      hint: "check the network, then run the same command again",
    },
  );
  writeFileSync(stamp, wanted);
  return true;
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) {
    throw new StepFailed("checking Node", `Node ${process.versions.node} is too old`, "install Node 20 or newer");
  }
}

/** Set-up up to (not including) data. `dev` also leaves the sources uncompiled: tests read them directly. */
export async function setUp({ compile = true } = {}) {
  checkNode();
  ensureNodeModules();
  ensurePythonEnvironment();
  const { ensureGenerated } = await import("./generate.mjs");
  ensureGenerated();
  if (compile) (await import("./build.mjs")).ensureBuilt();
}

main(import.meta.url, async () => {
  await setUp();
  console.error("ready: `npm run quickstart`, or `npm run danas -- --help`");
});
