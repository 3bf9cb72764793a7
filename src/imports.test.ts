import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "oxc-parser";
import { describe, expect, it } from "vitest";

const src = dirname(fileURLToPath(import.meta.url));

/** what is pure: no file, clock, process or chance of its own, neither here nor in what it imports */
const pure = ["domain", "spaces", "cost", "curriculum", "schedule", "strategies", "engine", "story"];
/** whose one function gives the same for the same */
const harmless: readonly string[] = ["node:crypto in spaces/hash.ts"];
const core = ["domain", "util", "spaces", "cost", "curriculum", "schedule"];

/** Which folder of src may import which: values, or types only. The table of docs/design.md. */
const table: Readonly<Record<string, { values: readonly string[]; types?: readonly string[] }>> = {
  domain: { values: [], types: ["wire"] },
  wire: { values: [] },
  util: { values: [] },
  spaces: { values: ["domain", "util"] },
  cost: { values: ["domain", "util", "spaces"] },
  curriculum: { values: ["domain", "util"] },
  schedule: { values: ["domain", "util"] },
  // zod pieces that the config and the methods share
  options: { values: ["domain", "util"] },
  strategies: { values: [...core, "options"] },
  engine: { values: [...core, "strategies"], types: ["journal"] },
  runner: { values: ["domain", "util", "engine"], types: ["worker", "journal"] },
  runs: { values: ["domain", "util", "journal", "runner", "story", "telemetry", "worker"] },
  journal: { values: ["domain", "util"] },
  // the mock counts MACs as a worker would
  worker: { values: ["domain", "util", "wire", "telemetry", "cost", "spaces"] },
  telemetry: { values: ["domain", "util", "wire"] },
  config: { values: [...core, "options", "strategies"] },
  story: { values: ["domain", "util", "cost", "spaces", "strategies", "engine"], types: ["journal"] },
  render: { values: ["domain", "util", "story"], types: ["journal"] },
  bench: { values: [...readdirSync(src)] },
  cli: { values: [...readdirSync(src)] },
};

interface Import {
  /** a file of ours, relative to src, or another module's name */
  readonly target: string;
  readonly typeOnly: boolean;
}

interface Source {
  readonly imports: readonly Import[];
  /** globals through which the world comes in */
  readonly world: readonly string[];
}

const folderOf = (path: string): string => path.split("/")[0];

// tests and fixtures may reach across: they bring adapters and cores together
const files = readdirSync(src, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".ts") && name.includes("/") && !/generated\/|\.test\.ts$|\/testing\//.test(name));

function read(file: string): Source {
  const text = readFileSync(join(src, file), "utf8");
  const { module, program, errors } = parseSync(file, text);
  expect(errors).toEqual([]);
  const imports: Import[] = [];
  const add = (request: string, typeOnly: boolean) =>
    imports.push({
      target: request.startsWith(".")
        ? relative(src, resolve(src, dirname(file), request)).replace(/\.js$/, ".ts")
        : request,
      typeOnly,
    });
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every(({ isType }) => isType));
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) if (moduleRequest) add(moduleRequest.value, isType);
  }
  for (const { moduleRequest } of module.dynamicImports) {
    add(text.slice(moduleRequest.start + 1, moduleRequest.end - 1), false);
  }
  return { imports, world: worldOf(program) };
}

const worldly = new Set(
  "process Date performance console globalThis Buffer fetch setTimeout setInterval setImmediate".split(" "),
);

function worldOf(program: ReturnType<typeof parseSync>["program"]): string[] {
  const found = new Set<string>();
  const mereNames = new Set<unknown>();
  new Visitor({
    MemberExpression(node) {
      if (node.computed) return;
      mereNames.add(node.property);
      const { object, property } = node;
      if (object.type === "Identifier" && object.name === "Math" && property.name === "random")
        found.add("Math.random");
    },
    // of a given moment, not of this one
    NewExpression: (node) => void (node.arguments.length > 0 && mereNames.add(node.callee)),
    Property: (node) => void (!node.computed && !node.shorthand && mereNames.add(node.key)),
    TSPropertySignature: (node) => void (!node.computed && mereNames.add(node.key)),
    Identifier: (node) => void (worldly.has(node.name) && !mereNames.has(node) && found.add(node.name)),
  }).visit(program);
  return [...found];
}

const sources = new Map(files.map((file) => [file, read(file)]));

/** circles of imports, types included; each is told once, from where the walk came upon it */
function circles(): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) found.add([...way.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const { target } of sources.get(file)?.imports ?? []) walk(target, [...way, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  return [...found];
}

/** what a file runs, with all that it brings in */
function reached(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { target, typeOnly } of sources.get(file)?.imports ?? []) if (!typeOnly) reached(target, seen);
  return seen;
}

describe("imports", () => {
  it("are of folders that the table knows", () => {
    expect([...new Set(files.map(folderOf))].sort()).toEqual(Object.keys(table).sort());
  });

  it("point inward", () => {
    const wrong: string[] = [];
    for (const [file, { imports }] of sources) {
      const { values, types = [] } = table[folderOf(file)];
      for (const { target, typeOnly } of imports.filter((one) => one.target.endsWith(".ts"))) {
        const allowed = [folderOf(file), ...values, ...(typeOnly ? types : [])];
        if (allowed.some((folder) => target === folder || target.startsWith(`${folder}/`))) continue;
        wrong.push(`${file} imports ${target}${typeOnly ? " (type)" : ""}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("go in no circle", () => {
    expect(circles()).toEqual([]);
  });

  it("bring no file, clock, process or chance into what is pure", () => {
    const wrong = new Set<string>();
    for (const file of files.filter((name) => pure.includes(folderOf(name)))) {
      for (const one of reached(file)) {
        const { imports = [], world = [] } = sources.get(one) ?? {};
        const modules = imports.map(({ target }) => target).filter((target) => target.startsWith("node:"));
        for (const what of [...modules, ...world].map((name) => `${name} in ${one}`)) {
          if (!harmless.includes(what)) wrong.add(`${file} reaches ${what}`);
        }
      }
    }
    expect([...wrong]).toEqual([]);
  });
});
