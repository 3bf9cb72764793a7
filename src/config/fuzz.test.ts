import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DanasError, DanasErrors } from "../domain/errors.js";
import { parseOverride } from "./overrides.js";
import { settingsFrom } from "./testing/problems.js";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const texts = readdirSync(examples)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(join(examples, name), "utf8"));

/** npm test runs some hundred; DANAS_FUZZ_RUNS=10000 runs more */
const numRuns = Number(process.env.DANAS_FUZZ_RUNS ?? 300);
/** a hang, on whatever machine */
const slowestMs = 20_000;
const timeout = 30_000 + 20 * numRuns;

/** a plan, or problems that a person can act on, each with exit code 2 and a place; anything else is our mistake */
function judge(text: string): "plan" | "problems" {
  const began = Date.now();
  try {
    settingsFrom(text);
    return "plan";
  } catch (error) {
    const problems = error instanceof DanasErrors ? error.errors : [error];
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) {
      if (!(problem instanceof DanasError)) throw problem;
      expect(problem.exitCode).toBe(2);
      expect(problem.place?.line).toBeGreaterThan(0);
      expect(problem.place?.column).toBeGreaterThan(0);
      expect(problem.hint).toBeTruthy();
      expect(problem.message).not.toMatch(/undefined|\[object/);
    }
    return "problems";
  } finally {
    expect(Date.now() - began).toBeLessThan(slowestMs);
  }
}

const nasty = fc.constantFrom(
  ...[
    "null",
    "~",
    "-1",
    "0",
    "1e999",
    ".inf",
    ".nan",
    "-0",
    "9007199254740993",
    '""',
    "[]",
    "{}",
    "true",
    "1.5",
    "4M",
    "0M",
    "30%",
    "all",
  ],
  ...[
    "&a [*a]",
    "!!binary AAAA",
    "|\n  x",
    "- - -",
    "? x",
    "\t",
    "'",
    "*x",
    "<<: {}",
    "__proto__",
    "constructor",
    "k3e6",
    "x".repeat(200),
    "\u0000",
    "é",
  ],
);

describe("any config", () => {
  it("cut, joined and garbled, gives a plan or located problems", { timeout }, () => {
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.nat(30),
      insert: fc.oneof(nasty, fc.string({ maxLength: 8 }), fc.constant("")),
    });
    const garbled = fc
      .tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 5 }))
      .map(([text, edits]) =>
        edits.reduce((now, { at, remove, insert }) => {
          const place = at % (now.length + 1);
          return now.slice(0, place) + insert + now.slice(place + remove);
        }, text),
      );
    fc.assert(
      fc.property(garbled, (text) => void judge(text)),
      { numRuns },
    );
  });

  it("with one value replaced, gives a plan or located problems", { timeout }, () => {
    const replaced = fc.tuple(fc.constantFrom(...texts), fc.nat(), nasty).map(([text, which, value]) => {
      const values = [...text.matchAll(/(?<=: )[^\s{[#,}\]]+/g)];
      const { index, 0: old } = values[which % values.length];
      return text.slice(0, index) + value + text.slice(index + old.length);
    });
    const seen = new Set<string>();
    fc.assert(
      fc.property(replaced, (text) => void seen.add(judge(text))),
      { numRuns },
    );
    // a fuzzer that only ever sees one of the two tests little
    expect([...seen].sort()).toEqual(["plan", "problems"]);
  });

  it("of any JSON at all, gives a plan or located problems", { timeout }, () => {
    const key = fc.constantFrom(
      "data",
      "space",
      "budget",
      "search",
      "ranking",
      "retrain",
      "worker",
      "source",
      "rounds",
      "classes",
      "stages",
      "kind",
      "name",
      "x",
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
        fc.string(),
        tie("list"),
        tie("map"),
      ),
      list: fc.array(tie("value"), { maxLength: 4 }),
      map: fc.dictionary(key, tie("value"), { maxKeys: 6 }),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 8 }), (config) => void judge(JSON.stringify(config))),
      { numRuns },
    );
  });

  it("of any --set, is set or refused as E_SET", { timeout }, () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.string(), nasty).map((pair) => pair.join("=")),
          nasty,
        ),
        (text) => {
          try {
            parseOverride(text);
          } catch (error) {
            expect((error as DanasError).code).toBe("E_SET");
          }
        },
      ),
      { numRuns },
    );
  });
});
