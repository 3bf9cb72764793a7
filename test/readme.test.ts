import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { danas } from "../src/cli/testing/harness.js";
import { settingsFrom } from "../src/config/testing/problems.js";

/** What the pages say must be true: configs load, commands and files are there. */

const root = new URL("../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const docs = readdirSync(new URL("docs", root)).filter((name) => name.endsWith(".md"));
const below = (folder: string) => readdirSync(new URL(folder, root), { encoding: "utf8", recursive: true });
const files = ["src", "test"].flatMap((folder) => below(folder).map((path) => `${folder}/${path}`));
const pythonTests = below("python_worker/tests").map((path) => basename(path));
const pages = ["README.md", ...docs.map((name) => `docs/${name}`)];

const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1]);

describe("the README", () => {
  it("has a config that works as it stands", () => {
    const configs = blocks(read("README.md"), "yaml").filter((text) => /^data:/m.test(text));
    expect(configs.length).toBeGreaterThan(0);
    for (const text of configs) expect(settingsFrom(text, { skipData: true }).plan.programs).toContain("search");
  });
});

describe.each(pages)("%s", (page) => {
  it("names only commands that there are", async () => {
    const { out } = await danas("/", ["--help"]);
    const known = new Set([...out.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]));
    const code = [...read(page).matchAll(/`([^`\n]+)`/g), ...read(page).matchAll(/^(npm run danas -- .*)$/gm)];
    for (const [, text] of code) {
      const command = /^(?:npm run )?danas (?:-- )?([a-z]+)/.exec(text)?.[1];
      if (command !== undefined) expect([...known], text).toContain(command);
    }
  });

  it("links only to files that there are", () => {
    for (const [, target] of read(page).matchAll(/\]\(((?!https?:|#)[^)#]+)[^)]*\)/g)) {
      expect(() => readFileSync(new URL(target, new URL(page, root))), target).not.toThrow();
    }
  });

  it("names only tests that there are", () => {
    for (const [, path] of read(page).matchAll(/`((?:src|test)\/[^`]+\.ts)`/g)) expect(files).toContain(path);
    for (const [, name] of read(page).matchAll(/`(test_\w+\.py)`/g)) expect(pythonTests).toContain(name);
  });

  it("names only npm scripts that there are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    for (const [, script] of read(page).matchAll(/npm run ([a-z:]+)/g)) expect(Object.keys(scripts)).toContain(script);
  });
});
