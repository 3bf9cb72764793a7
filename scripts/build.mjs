#!/usr/bin/env node
// Compiles src to dist where a source is newer than the last build.
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { main, root, run } from "./lib.mjs";

const stamp = join(root, "dist/.built");

function newestSource() {
  let newest = 0;
  const look = (path) => {
    newest = Math.max(newest, statSync(path).mtimeMs);
  };
  for (const name of readdirSync(join(root, "src"), { recursive: true })) look(join(root, "src", String(name)));
  for (const name of ["tsconfig.json", "tsconfig.build.json", "package-lock.json"]) look(join(root, name));
  return newest;
}

export function ensureBuilt() {
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return false;
  rmSync(join(root, "dist"), { recursive: true, force: true });
  run("compiling TypeScript", process.execPath, [
    join(root, "node_modules/typescript/bin/tsc"),
    "-p",
    "tsconfig.build.json",
  ]);
  writeFileSync(stamp, "");
  return true;
}

main(import.meta.url, () => {
  ensureBuilt();
});
