#!/usr/bin/env node
// Wire code from proto/: TypeScript by ts-proto (driven by buf), Python by grpcio-tools. Nothing generated is committed;
// `ensureGenerated` regenerates where a stamp of the sources differs, so what is there is always fresh.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pythonEnvironment } from "./environment.mjs";
import { main, root, run } from "./lib.mjs";

const protoFolder = join(root, "proto");
const typescriptOut = join(root, "src/wire/generated");
const pythonOut = join(root, "python_worker/danas_worker/generated");

const protoFiles = () =>
  readdirSync(protoFolder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".proto"))
    .sort();

/** hash of everything the generated code depends on */
function stamp() {
  const hash = createHash("sha256");
  for (const name of protoFiles()) hash.update(name).update(readFileSync(join(protoFolder, name)));
  for (const name of ["buf.gen.yaml", "buf.yaml", "package-lock.json", "python_worker/requirements.lock"]) {
    hash.update(name).update(readFileSync(join(root, name)));
  }
  return hash.digest("hex");
}

const isFresh = (folder, wanted) => {
  const file = join(folder, ".stamp");
  return existsSync(file) && readFileSync(file, "utf8").trim() === wanted;
};

/** @returns which sides were made anew */
export function ensureGenerated() {
  const wanted = stamp();
  const made = [];
  if (!isFresh(typescriptOut, wanted)) {
    rmSync(typescriptOut, { recursive: true, force: true });
    run("code generation for TypeScript", process.execPath, [
      join(root, "node_modules/@bufbuild/buf/bin/buf"),
      "generate",
    ]);
    // a type for each value of an enum, which nothing uses, and which a value `never` must not have
    for (const name of readdirSync(join(typescriptOut, "danas/v1"))) {
      const file = join(typescriptOut, "danas/v1", name);
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace(/^export namespace \w+ \{\n(?: {2}export type .*\n)+\}\n\n/gm, ""));
    }
    writeFileSync(join(typescriptOut, ".stamp"), `${wanted}\n`);
    made.push("TypeScript");
  }
  if (!isFresh(pythonOut, wanted)) {
    rmSync(pythonOut, { recursive: true, force: true });
    mkdirSync(pythonOut, { recursive: true });
    const { python } = pythonEnvironment();
    run("code generation for Python", python, [
      "-m",
      "grpc_tools.protoc",
      `--proto_path=${protoFolder}`,
      `--python_out=${pythonOut}`,
      `--pyi_out=${pythonOut}`,
      ...protoFiles(),
    ]);
    // protoc writes `from danas.v1 import …`: the package lives below danas_worker.generated
    for (const name of readdirSync(join(pythonOut, "danas/v1"))) {
      const file = join(pythonOut, "danas/v1", name);
      const text = readFileSync(file, "utf8").replaceAll(
        "from danas.v1 import",
        "from danas_worker.generated.danas.v1 import",
      );
      writeFileSync(file, text);
    }
    for (const folder of ["", "danas", "danas/v1"]) writeFileSync(join(pythonOut, folder, "__init__.py"), "");
    writeFileSync(join(pythonOut, ".stamp"), `${wanted}\n`);
    made.push("Python");
  }
  return made;
}

main(import.meta.url, () => {
  const made = ensureGenerated();
  console.error(made.length === 0 ? "generated code is fresh" : `generated: ${made.join(", ")}`);
});
