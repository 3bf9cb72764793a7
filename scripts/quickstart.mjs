#!/usr/bin/env node
// From a fresh machine to a searched, retrained, tested network on Fashion-MNIST. Arguments go to `danas search`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureFashionMnist } from "./data.mjs";
import { main, root } from "./lib.mjs";
import { setUp } from "./setup.mjs";

main(import.meta.url, async () => {
  await setUp();
  const data = ensureFashionMnist();
  const search = spawn(
    process.execPath,
    [
      join(root, "dist/cli/main.js"),
      "search",
      "examples/quickstart.yaml",
      "--set",
      `data.root=${data}`,
      // at a terminal somebody looks on
      ...(process.stdout.isTTY ? ["--open"] : []),
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: "inherit" },
  );
  // the terminal sends Ctrl-C to both: danas decides how to stop, we only wait and pass its exit code on
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => signal === "SIGTERM" && search.kill(signal));
  process.exitCode = await new Promise((resolve) =>
    search.on("exit", (code, signal) => resolve(code ?? (signal ? 130 : 1))),
  );
});
