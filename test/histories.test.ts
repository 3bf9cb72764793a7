import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/load.js";
import { replay } from "../src/engine/replay.js";
import { memoryJournal } from "../src/journal/memory.js";
import { methods } from "../src/strategies/registry.js";
import { inWordsOfToday } from "./support/first-words.js";

/**
 * Whole runs of every method, kept: `NAME.yaml` and what `danas events NAME` printed then. Deciding them again must come
 * out the same, so that a change of decisions is always meant.
 */
const folder = fileURLToPath(new URL("histories", import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.slice(0, -".yaml".length));

function historyOf(name: string) {
  const { plan } = loadConfig(join(folder, `${name}.yaml`), { cwd: folder, env: { HOME: "/" }, skipData: true });
  const lines = readFileSync(join(folder, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n");
  return { plan, entries: lines.map((line) => inWordsOfToday(line, plan)) };
}

function journalOf({ plan, entries }: ReturnType<typeof historyOf>) {
  const journal = memoryJournal(plan);
  for (const { at, event, decisions } of entries) journal.append({ at, event, decisions });
  return journal;
}

describe("runs of the past are decided as they were", () => {
  it.each(names)("%s", (name) => {
    const history = historyOf(name);
    const { divergence, entries } = replay(journalOf(history));
    expect(divergence).toBeNull();
    expect(entries).toBe(history.entries.length);
  });

  it("are there of every method", () => {
    const searched = names.map((name) => historyOf(name).plan.search.strategy.name);
    expect(new Set(searched)).toEqual(new Set(methods.map(({ name }) => name)));
  });

  it("would notice one learning rate that differs in its last bit", () => {
    const { plan, entries } = historyOf("proxyless");
    const text = JSON.stringify(entries).replace(
      /"learningRate":([\d.]+)/,
      (_, rate: string) => `"learningRate":${Number(rate) * (1 + Number.EPSILON)}`,
    );
    const { divergence } = replay(journalOf({ plan, entries: JSON.parse(text) }));
    expect(divergence?.at).toContain("learningRate");
  });
});
