import { existsSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { jsonSchema } from "../../config/json-schema.js";
import { DanasError } from "../../domain/errors.js";
import { methods } from "../../strategies/registry.js";
import type { Io } from "../io.js";

/** cli/program.ts offers them */
type InitKind = "fashion-mnist" | "folder" | "python" | "mock";

export interface InitOptions {
  readonly data: InitKind;
  readonly force: boolean;
}

const schemaFile = "danas.schema.json";

/** `danas init [FILE]`: a config to begin with, and the JSON Schema that lets an editor help with it. Asks nothing. */
export async function init(file: string, { data, force }: InitOptions, io: Io): Promise<number> {
  const full = resolve(io.cwd, file);
  if (existsSync(full) && !force) {
    throw new DanasError("E_INIT_EXISTS", `there is a ${file} already`, {
      hint: "name another file, or replace it with --force",
    });
  }
  try {
    writeFileSync(full, template(data, file));
    writeFileSync(join(dirname(full), schemaFile), jsonSchema());
  } catch (error) {
    throw new DanasError("E_INIT_WRITE", `cannot write ${full}: ${(error as Error).message}`, {
      hint: "name a file in a folder that is there",
      exitCode: 1,
    });
  }
  io.err(
    `wrote ${file}, and ${schemaFile} beside it for your editor; next:\n  danas validate ${file}\n  danas search ${file}\n`,
  );
  return 0;
}

const [proposed, ...others] = methods;

/** every key below is explained in docs/config.md */
export function template(data: InitKind, file: string): string {
  const { data: dataLines, space, budget, batchSize } = parts[data];
  const worker =
    data === "mock"
      ? "\nworker:\n  kind: mock # made-up numbers with a planted optimum: to see how a search goes\n"
      : "";
  return `# yaml-language-server: $schema=./${schemaFile}
#
# A search. Every key is described in docs/config.md; what is left out has the default written there.
#   danas validate ${basename(file)}              check this file
#   danas validate ${basename(file)} --resolved   see every default
#   danas search ${basename(file)}                run it

seed: 1

data:
${dataLines}

space: ${space} # \`danas space\` lists the built-in ones; a space of your own can be written here

budget:
  maxMacs: ${budget} # multiply-adds for one image: always with a unit

ranking: # which classes are easy: some networks are trained on all classes, and watched
  references: [middle, larger]
  epochs: 10
  batchSize: ${batchSize}

search:
  strategy: ${proposed.name} # or ${others.map(({ name }) => name).join(", ")}
${(proposed.starter ?? []).map((line) => `  ${line}\n`).join("")}  batchSize: ${batchSize}
  learningRate: 0.05 # a cosine from here to zero

retrain: # the found network, from scratch; the test set is measured once, at the end
  epochs: 30
  batchSize: ${batchSize}
  learningRate: { from: 0.1, warmupEpochs: 1 }
${worker}`;
}

const parts: Readonly<Record<InitKind, { data: string; space: string; budget: string; batchSize: number }>> = {
  "fashion-mnist": {
    data: "  source: fashion-mnist # found in the cache, or where root says",
    space: "quickstart",
    budget: "4M",
    batchSize: 128,
  },
  folder: {
    data: "  source: folder\n  root: images # one folder a class below it; or train/ and test/ with class folders each\n  input: 3x64x64 # channels x height x width; images are resized to it",
    space: "mobilenet-slim",
    budget: "40M",
    batchSize: 64,
  },
  python: {
    data: "  source: python\n  factory: my_data:make # my_data.py beside this file: make(**options) returns {split: map-style Dataset}\n  options: {}\n  input: 3x64x64\n  classes: 10",
    space: "mobilenet-slim",
    budget: "40M",
    batchSize: 64,
  },
  mock: {
    data: "  source: synthetic\n  input: 3x224x224\n  classes: 100",
    space: "danas-mobile",
    budget: "400M",
    batchSize: 256,
  },
};
