import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseYaml, readDocument } from "./document.js";
import { parseOverride, withOverrides } from "./overrides.js";
import { problemsOf } from "./testing/problems.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ladder = Array.from({ length: 700 }, (_, level) => `${" ".repeat(level)}a:`).join("\n");

const problemsInText = (text: string) => problemsOf(() => parseYaml(text, "danas.yaml"));
function problemsInFile(bytes: string | Buffer): string[] {
  writeFileSync(join(folder, "danas.yaml"), bytes);
  return problemsOf(() => readDocument("danas.yaml", folder));
}

describe("a config's text", () => {
  it.each([
    ["a tab as indentation", "a:\n\tb: 1\n", "E_CONFIG_YAML danas.yaml:2:1 ", "indent with spaces"],
    ["an open quote", 'a: "b\n', "E_CONFIG_YAML danas.yaml:", "close the quote"],
    ["a key written twice", "a: 1\nb: 2\na: 3\n", 'E_CONFIG_YAML danas.yaml:3:1 "a" is written twice', "keep one"],
    ["two documents", "a: 1\n---\nb: 2\n", "E_CONFIG_YAML danas.yaml:2:1 ", "one file holds one config"],
    ["a tag", "a: !secret x\n", "E_CONFIG_YAML danas.yaml:1:4 ", "tags"],
    ["not a number", "a: .nan\n", "E_CONFIG_YAML danas.yaml:1:4 NaN is no number", "finite"],
    ["an alias without anchor", "a: *b\n", "E_CONFIG_YAML danas.yaml:1:4 there is no anchor &b", "write &b"],
    ["an alias that holds itself", "a: &x [*x]\n", "E_CONFIG_YAML danas.yaml:1:8 *x holds itself", "write the value"],
    ["a list as a key", "? [a]\n: 1\n", "E_CONFIG_YAML danas.yaml:1:3 a key must be a word", "quote"],
  ])("tells where there is %s", (_, text, start, hint) => {
    const [first] = problemsInText(text);
    expect(first).toContain(start);
    expect(first).toContain(hint);
  });

  it("refuses aliases that unfold to millions of values", () => {
    const lines = ["a: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"];
    for (let level = 1; level < 9; level++) lines.push(`b${level}: &l${level} [${`*l${level - 1}, `.repeat(10)}]`);
    expect(problemsInText(lines.join("\n"))[0]).toMatch(/^E_CONFIG_YAML .* too many values/);
  });

  // the library's own conversion took minutes for this
  it.each([["? ".repeat(400)], ["[".repeat(20_000)], ["- ".repeat(20_000)], ["a: ".repeat(20_000)], [ladder]])(
    "refuses deep nesting in no time: %#",
    (text) => {
      const began = Date.now();
      expect(problemsInText(text)[0]).toMatch(/^E_CONFIG_YAML /);
      expect(Date.now() - began).toBeLessThan(3_000);
    },
  );

  it("follows anchors and merges", () => {
    const text = "base: &base { a: 1, b: 2 }\nother: { <<: *base, b: 3 }\n";
    expect(parseYaml(text, "danas.yaml").value).toEqual({ base: { a: 1, b: 2 }, other: { a: 1, b: 3 } });
  });

  it("reads -0 as 0, for state and decisions hold none", () => {
    const { value } = parseYaml("a: -0\n", "danas.yaml");
    expect(Object.is((value as { a: number }).a, 0)).toBe(true);
  });
});

describe("a config's file", () => {
  it("is read with a byte order mark and Windows line ends", () => {
    expect(problemsInFile("\ufeffa: 1\r\nb: 2\r\n")).toEqual([]);
  });

  it("is refused where it is not UTF-8, too large, a folder or not there", () => {
    expect(problemsInFile(Buffer.from([0x61, 0x3a, 0x20, 0xe9]))[0]).toContain(
      "E_CONFIG_ENCODING danas.yaml:1:1 the file is not UTF-8",
    );
    expect(problemsInFile(Buffer.from("\ufeffa: 1", "utf16le"))[0]).toContain("E_CONFIG_ENCODING");
    expect(problemsInFile(`a: ${"x".repeat(300_000)}`)[0]).toContain("E_CONFIG_SIZE");
    expect(problemsOf(() => readDocument(".", folder))[0]).toBe("E_CONFIG_READ . is a folder | name a YAML file");
    expect(problemsOf(() => readDocument("dans.yaml", folder))[0]).toBe(
      'E_CONFIG_READ there is no file dans.yaml | did you mean "danas.yaml"?',
    );
  });
});

describe("--set", () => {
  const laid = (text: string, ...sets: string[]) =>
    withOverrides(parseYaml(text, "danas.yaml"), sets.map(parseOverride));

  it("reads values as YAML and makes the mappings on the way", () => {
    expect(laid("a: 1\n", "b.c=[1, x]", "a=4M", "d.0=1").value).toEqual({ a: "4M", b: { c: [1, "x"] }, d: { 0: 1 } });
  });

  it("reaches into lists, and past their end by one", () => {
    expect(laid("a: [1, { b: 2 }]\n", "a.1.b=3", "a.2=4").value).toEqual({ a: [1, { b: 3 }, 4] });
    expect(problemsOf(() => laid("a: [1]\n", "a.7=1"))[0]).toContain(
      'E_SET --set a.7 a is a list of 1, "7" is no place in it',
    );
  });

  it("is blamed for what it set, and for nothing else", () => {
    const document = laid("a: { b: 1, c: 2 }\n", "a.b=5");
    expect(document.placeOf(["a", "b"])).toMatchObject({ file: "--set a.b", line: 0 });
    expect(document.placeOf(["a", "c"])).toEqual({ file: "danas.yaml", line: 1, column: 15 });
  });

  it.each(["a", "=1", "a..b=1", "__proto__.x=1", "a=[1"])("refuses %s", (text) => {
    expect(problemsOf(() => parseOverride(text))[0]).toMatch(/^E_SET /);
  });
});
