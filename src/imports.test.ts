import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const src = dirname(fileURLToPath(import.meta.url));

type Allowed = Readonly<Record<string, { values: readonly string[]; types?: readonly string[] }>>;

/** Which folder of src may import which: values, or types only. The table of docs/design.md. */
const table: Allowed = {
  domain: { values: [] },
  util: { values: [] },
  spaces: { values: ["domain", "util"] },
  cost: { values: ["domain", "util", "spaces"] },
  curriculum: { values: ["domain", "util"] },
  schedule: { values: ["domain", "util"] },
  // zod pieces that the config and the methods share
  options: { values: ["domain", "util"] },
  strategies: { values: ["domain", "util", "cost", "curriculum", "schedule", "spaces", "options"] },
  search: {
    values: ["domain", "util", "spaces", "cost", "curriculum", "schedule", "strategies"],
    types: ["worker", "journal"],
  },
  journal: { values: ["domain", "util"] },
  // the mock counts MACs as a worker would
  worker: { values: ["domain", "util", "telemetry", "cost", "spaces"] },
  telemetry: { values: ["domain", "util", "worker/generated"] },
  config: { values: ["domain", "util", "spaces", "cost", "curriculum", "schedule", "options", "strategies"] },
  report: { values: ["domain", "util", "cost", "spaces", "strategies", "search"], types: ["journal"] },
  bench: { values: [...readdirSync(src)] },
  cli: { values: [...readdirSync(src)] },
};

const files = readdirSync(src, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".ts") && !name.includes("generated"))
  .filter((name) => name.includes("/"));

const folderOf = (path: string): string => path.split("/")[0];

/** every `import`/`export … from` of our own files, with whether only types come in */
function importsOf(file: string): { target: string; typeOnly: boolean }[] {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)"/gm)].map((match) => ({
    target: relative(src, resolve(src, dirname(file), match[2])),
    typeOnly: match[1] !== undefined,
  }));
}

describe("imports point inward", () => {
  it("covers every folder of src", () => {
    for (const file of files) expect(Object.keys(table)).toContain(folderOf(file));
  });

  // tests and fixtures may reach across: they bring adapters and cores together
  it.each(files.filter((file) => !/\.test\.ts$|\/testing\//.test(file)))("%s", (file) => {
    const { values, types = [] } = table[folderOf(file)];
    for (const { target, typeOnly } of importsOf(file)) {
      const allowed = [folderOf(file), ...values, ...(typeOnly ? types : [])];
      const fits = allowed.some((folder) => target === folder || target.startsWith(`${folder}/`));
      expect(fits, `${file} imports ${target}${typeOnly ? " (type)" : ""}`).toBe(true);
    }
  });
});
