import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { printRanking } from "../curriculum/artefact.js";
import { DanasErrors } from "../domain/errors.js";
import type { Settings } from "../domain/settings.js";
import { methods } from "../strategies/registry.js";
import { schemaTree } from "./json-schema.js";
import { configs } from "./testing/configs.js";
import { settingsFrom } from "./testing/problems.js";
import { elementOf, keysOf, objectMeant, type Schema } from "./walk.js";

/** npm test runs some hundred; DANAS_FUZZ_RUNS=10000 runs more */
const numRuns = Number(process.env.DANAS_FUZZ_RUNS ?? 150);

/** read where nothing that stood around the first reading is the same */
const again = ({ resolvedYaml }: Settings): Settings =>
  settingsFrom(resolvedYaml, { cwd: "/elsewhere", env: { HOME: "/other", DANAS_FASHION_MNIST: "/other" } });

const synthetic = "data: { source: synthetic, input: 3x32x32, classes: 20 }\nspace: mobilenet-slim\n";

describe("the complete config", () => {
  it("read again, wherever that is, says the same in the same words, and means the same", { timeout: 60_000 }, () => {
    const methodsSeen = new Set<string>();
    fc.assert(
      fc.property(configs, (config) => {
        let settings: Settings;
        try {
          settings = settingsFrom(JSON.stringify(config));
        } catch (error) {
          // what it is refused for is tested in load.test.ts
          if (error instanceof DanasErrors) return;
          throw error;
        }
        methodsSeen.add(settings.plan.search.strategy.name);
        expect(again(settings)).toStrictEqual(settings);
      }),
      { numRuns },
    );
    expect([...methodsSeen].sort()).toEqual(methods.map(({ name }) => name).sort());
  });

  it("leaves out only what stands for nothing", () => {
    const absent = (schema: Schema, value: unknown, path: string): string[] => {
      if (Array.isArray(value)) return value.flatMap((one) => absent(elementOf(schema) ?? {}, one, path));
      if (value === null || typeof value !== "object") return [];
      const given = value as Record<string, unknown>;
      return Object.entries(keysOf(objectMeant(schema, value) ?? {})).flatMap(([key, inner]) =>
        Object.hasOwn(given, key) ? absent(inner, given[key], `${path}.${key}`) : [`${path}.${key}`],
      );
    };
    for (const { name } of methods) {
      const text = `${synthetic}budget: { maxMacs: 40M }\nsearch: { strategy: ${name} }\nranking: {}\nprograms: [rank, search, retrain]\n`;
      expect(absent(schemaTree(), parse(settingsFrom(text).resolvedYaml), "")).toEqual([
        ".budget.minMacs", // no limit
        ".budget.maxParams",
        ".ranking.file", // it is trained
        ".retrain.architecture", // the search's
        ".worker.python", // the machine's
        ".worker.jobMinutes",
      ]);
    }
  });

  it("holds no path that depends on where it is read", () => {
    const text = `
data: { source: folder, root: img, input: 3x32x32, classes: 20 }
space: mobilenet-slim
runs: r
worker: { python: env/python, pythonPath: [a, ~/b] }
`;
    const complete = parse(settingsFrom(text, { cwd: "/here", env: { HOME: "/home" } }).resolvedYaml);
    expect([complete.data.root, complete.runs]).toEqual(["/here/img", "/here/r"]);
    expect(complete.worker).toMatchObject({ python: "/here/env/python", pythonPath: ["/here/a", "/home/b"] });
  });

  it("names a ranking's file, and none of the keys that are not used with it", () => {
    const folder = mkdtempSync(join(tmpdir(), "danas-fill-"));
    try {
      const classes = Array.from({ length: 20 }, (_, index) => ({
        name: `c${index}`,
        curves: [[0.5]],
        scores: { auc: 0.5, "row-variance": 0, "final-error": 0.5 },
      }));
      const none = { scoreAgreement: [], referenceAgreement: [] };
      const ranking = { version: 1, fingerprint: "x", score: "auc", references: ["a"], classes, ...none } as const;
      writeFileSync(join(folder, "ranking.json"), printRanking(ranking));
      const settings = settingsFrom(`${synthetic}ranking: { file: ranking.json, epochs: 3 }\n`, { cwd: folder });
      expect(settings.plan.ranking).toEqual({ source: "given", ranking });
      expect(parse(settings.resolvedYaml).ranking).toEqual({ file: join(folder, "ranking.json") });
      expect(again(settings)).toStrictEqual(settings);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
