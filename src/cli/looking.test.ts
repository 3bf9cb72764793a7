import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPython } from "../worker/python.js";
import { until } from "../worker/testing/processes.js";
import { danas, mockConfig, startDanas } from "./testing/harness.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-look-"));
  writeFileSync(join(folder, "little.yaml"), mockConfig);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly found: string;
  readonly hint: string | null;
}

const findings = (out: string) => new Map((JSON.parse(out) as Finding[]).map((finding) => [finding.check, finding]));

const python = (() => {
  try {
    return findPython(null);
  } catch {
    return null;
  }
})();

describe("danas doctor", () => {
  it("says what is missing and how it is mended, with exit code 1", async () => {
    const { code, out, err } = await danas(folder, ["doctor", "--json"], { DANAS_PYTHON: "/no/such/python" });
    expect([code, err]).toEqual([1, ""]);
    const found = findings(out);
    expect(found.get("Node")).toMatchObject({ state: "ok", found: process.versions.node });
    expect(found.get("Python")).toMatchObject({ state: "bad", hint: expect.stringContaining("npm run setup") });
    const words = await danas(folder, ["doctor"], { DANAS_PYTHON: "/no/such/python" });
    expect([words.code, words.out]).toEqual([1, expect.stringMatching(/^bad {3}Python .*\n +hint: /m)]);
  });

  it("finds a Python without the packages, names each, and says what to do", async () => {
    // a Python that starts and knows nothing
    writeFileSync(join(folder, "python"), '#!/bin/sh\nexec /usr/bin/env python3 -S -I "$@"\n');
    chmodSync(join(folder, "python"), 0o755);
    const { code, out } = await danas(folder, ["doctor", "--json"], {
      DANAS_PYTHON: join(folder, "python"),
      PATH: process.env.PATH,
    });
    expect(code).toBe(1);
    const missing = [...findings(out).values()].filter(({ state }) => state === "bad");
    expect(missing.length).toBeGreaterThan(0);
    for (const finding of missing) expect(finding.hint).toBeTruthy();
    expect(missing.map(({ found }) => found).join()).toContain("torch");
  });

  it.skipIf(python === null)("is content with what `npm run setup` made", async () => {
    const env = { ...process.env, DANAS_PYTHON: python! };
    const { out } = await danas(folder, ["doctor", "--json"], env);
    const found = findings(out);
    expect(found.get("Python")?.state).toBe("ok");
    expect(found.get("packages")).toMatchObject({ state: "ok", found: expect.stringContaining("torch 2.") });
  });
});

describe.runIf(process.platform === "linux")("the report is opened", () => {
  const opened = () => readFileSync(join(folder, "opened"), "utf8");
  const desktop = () => ({ DISPLAY: ":0", PATH: `${join(folder, "bin")}:${process.env.PATH}` });
  beforeEach(() => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(
      join(folder, "bin/xdg-open"),
      `#!/bin/sh\nprintf '%s' "$1" > "${join(folder, "opened.part")}"\nmv "${join(folder, "opened.part")}" "${join(folder, "opened")}"\n`,
    );
    chmodSync(join(folder, "bin/xdg-open"), 0o755);
  });
  const wasOpened = () =>
    until(() => {
      try {
        return opened() !== "";
      } catch {
        return false;
      }
    });

  it("by `danas report --open`, with what the desktop has for it", async () => {
    await danas(folder, ["search", "little.yaml", "-q"]);
    const { code, out } = await danas(folder, ["report", "little", "--open"], desktop());
    expect(code).toBe(0);
    await wasOpened();
    expect(`${opened()}\n`).toBe(out);
    expect(readFileSync(opened(), "utf8")).toMatch(/^<!doctype html>/i);
  });

  it("at the end of `danas search --open`, after the line for scripts", async () => {
    const { code, out } = await danas(folder, ["search", "little.yaml", "-q", "--open"], desktop());
    expect([code, JSON.parse(out.trimEnd().split("\n").pop()!).run]).toEqual([0, "little"]);
    await wasOpened();
    expect(opened()).toBe(join(folder, "runs/little/report.html"));
  });

  it("nowhere without a desktop: that is said, and nothing fails", async () => {
    await danas(folder, ["search", "little.yaml", "-q"]);
    const { code, err } = await danas(folder, ["report", "little", "--open"]);
    expect([code, err]).toEqual([0, expect.stringContaining("no desktop here to open it on: ")]);
    const without = await danas(folder, ["report", "little", "--open"], { DISPLAY: ":0", PATH: "/nowhere" });
    expect([without.code, without.err]).toEqual([0, expect.stringContaining("open it yourself")]);
  });
});

describe("danas events --follow", () => {
  it("prints a run as it goes, and ends with it; a reader that is killed does it no harm", async () => {
    const slow = mockConfig.replace("imagesPerClass: 40", "imagesPerClass: 40, stepMs: 5");
    writeFileSync(join(folder, "slow.yaml"), slow);
    const search = startDanas(folder, ["search", "slow.yaml", "--name", "watched"]);
    await search.saw("the mock worker");
    const reader = startDanas(folder, ["events", "watched", "--follow"]);
    const killed = startDanas(folder, ["events", "watched", "--follow"]);
    await new Promise((resolve) => killed.child.stdout?.once("data", resolve));
    killed.child.kill("SIGKILL");
    const searched = await search.ended;
    expect([searched.code, searched.err]).toEqual([0, expect.not.stringContaining("Warning")]);
    const { code, out, err } = await reader.ended;
    expect([code, err]).toEqual([0, ""]);
    const entries = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index));
    expect(entries.at(-1).decisions.at(-1).type).toBe("finish");
    expect((await danas(folder, ["events", "watched"])).out).toBe(out);
  });
});
