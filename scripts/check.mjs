#!/usr/bin/env node
// Types, lint and format of both languages. `--write` repairs what can be repaired.
import { join } from "node:path";
import { pythonEnvironment } from "./environment.mjs";
import { main, root, run } from "./lib.mjs";
import { setUp } from "./setup.mjs";

export function check({ write = false } = {}) {
  const { python } = pythonEnvironment();
  const bin = (name) => join(root, "node_modules", name);
  const show = { show: true };
  run("type check (TypeScript)", process.execPath, [bin("typescript/bin/tsc"), "-p", "."], show);
  run(
    "lint (TypeScript)",
    process.execPath,
    [bin("@biomejs/biome/bin/biome"), "check", ...(write ? ["--write"] : [])],
    {
      ...show,
      hint: "npm run check -- --write repairs most of it",
    },
  );
  run("lint of the wire", process.execPath, [bin("@bufbuild/buf/bin/buf"), "lint"], show);
  const worker = { ...show, cwd: join(root, "python_worker") };
  run("lint (Python)", python, ["-m", "ruff", "check", ...(write ? ["--fix"] : []), "."], worker);
  run("format (Python)", python, ["-m", "ruff", "format", ...(write ? [] : ["--check"]), "."], worker);
  run("type check (Python)", python, ["-m", "mypy", "danas_worker", "danas_bench"], worker);
}

main(import.meta.url, async () => {
  await setUp({ compile: false });
  check({ write: process.argv.includes("--write") });
});
