import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { danas, mockConfig, type Said } from "./testing/harness.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-cli-"));
  writeFileSync(join(folder, "little.yaml"), mockConfig);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split("\n").pop() ?? "");

describe("usage", () => {
  it("shows examples in the help of every command", async () => {
    const { out, code } = await danas(folder, ["--help"]);
    expect(code).toBe(0);
    const names = [...out.matchAll(/^ {2}([a-z]+) .*/gm)].map((match) => match[1]).filter((name) => name !== "help");
    expect(names).toEqual([
      "init",
      "doctor",
      "validate",
      "space",
      "cost",
      "search",
      "resume",
      "rank",
      "retrain",
      "worker",
      "status",
      "explain",
      "report",
      "replay",
      "events",
      "bench",
      "docs",
    ]);
    for (const name of names)
      expect((await danas(folder, [name, "--help"])).out, name).toMatch(/Examples:\n {2}\$ danas /);
  });

  it.each([
    [["serch"], "Did you mean search?"],
    [["search"], "missing required argument 'config'"],
    [["search", "a.yaml", "--nmae", "x"], "Did you mean --name?"],
    [["report", "x", "--format", "pdf"], "Allowed choices are html, md, json."],
    [["space", "danas-mobile", "--classes", "many"], "it must be a whole number."],
    [[], "Usage: danas"],
  ])("%j is a mistake of usage: exit code 2", async (args, words) => {
    const { code, err, out } = await danas(folder, args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(words);
  });

  it("shows a person's mistake in a code, a place, a sentence and a hint, without a stack", async () => {
    writeFileSync(join(folder, "bad.yaml"), mockConfig.replace("maxMacs: 2M", "maxMacs: 2K"));
    const { code, err, out } = await danas(folder, ["validate", "bad.yaml"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(
      /^E_BUDGET_UNREACHABLE {2}bad\.yaml:10:20 {2}the smallest architecture needs .* MACs, the budget is 2k\n {2}hint: raise budget\.maxMacs.*\n$/,
    );
  });
});

describe("before a search", () => {
  it("init writes a config that is valid, for every kind of data", async () => {
    for (const kind of ["fashion-mnist", "folder", "python", "mock"]) {
      const file = `${kind}.yaml`;
      expect((await danas(folder, ["init", file, "--data", kind])).code).toBe(0);
      const set = kind === "folder" ? ["--set", "data.classes=4"] : [];
      const { code, err } = await danas(folder, ["validate", file, "--skip-data", ...set]);
      expect([kind, code, err]).toEqual([kind, 0, expect.stringContaining(`${file} is fine`)]);
      expect(readFileSync(join(folder, file), "utf8")).toMatch(
        /^# yaml-language-server: \$schema=\.\/danas\.schema\.json\n/,
      );
    }
    expect(JSON.parse(readFileSync(join(folder, "danas.schema.json"), "utf8"))).toHaveProperty("properties.search");
    const again = await danas(folder, ["init", "mock.yaml"]);
    expect([again.code, again.err]).toEqual([
      2,
      expect.stringContaining("E_INIT_EXISTS  there is a mock.yaml already"),
    ]);
  });

  it("validate says what would be done", async () => {
    const { code, err, out } = await danas(folder, ["validate", "little.yaml"]);
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(
      /^little\.yaml is fine\n {2}data {5}synthetic, 6 classes, 3x32x32\n {2}space {4}little: 3 slots, 48 networks of /,
    );
    expect(err).toContain(
      "search   da-nas: warm-up 1 epoch on 2 classes, round 1 2 epochs on 4 classes, round 2 2 epochs on 6 classes",
    );
  });

  it("validate --resolved prints a config that says the same", async () => {
    const first = await danas(folder, ["validate", "little.yaml", "--resolved"]);
    writeFileSync(join(folder, "full.yaml"), first.out);
    const second = await danas(folder, ["validate", "full.yaml", "--resolved"]);
    expect(second.out).toBe(first.out);
  });

  it("cost prints the published numbers of MobileNetV2, and 2 FLOPs a MAC", async () => {
    const { out } = await danas(folder, ["cost", "--space", "mobilenet-v2"]);
    expect(out).toContain("300,774,272 MACs (301M; as FLOPs, 2 per MAC: 602M), 3,504,872 parameters");
    const json = await danas(folder, ["cost", "--space", "mobilenet-v2", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({
      space: "mobilenet-v2",
      networks: [{ macs: 300_774_272, params: 3_504_872 }, {}],
    });
  });

  it("cost of a network adds up over its slots", async () => {
    const { out, code } = await danas(folder, ["cost", "little.yaml", "k3e3.skip/k5e3"]);
    expect(code).toBe(0);
    const numbers = [...out.matchAll(/^(?:\d\.\d)? +(?:stem, head|k3e3|skip|k5e3) +([\d,]+)/gm)].map((match) =>
      Number(match[1].replaceAll(",", "")),
    );
    const total = Number(/([\d,]+) MACs/.exec(out)?.[1].replaceAll(",", ""));
    expect(numbers).toHaveLength(4);
    expect(numbers.reduce((sum, macs) => sum + macs, 0)).toBe(total);
    const wrong = await danas(folder, ["cost", "little.yaml", "k3e3.skip/k9e3"]);
    expect([wrong.code, wrong.err]).toEqual([
      2,
      'E_ARCHITECTURE  slot 2.1 has no candidate "k9e3"\n  hint: did you mean k3e3? it has k3e3, k3e6, k5e3\n',
    ]);
  });

  it("space lists the built-in spaces and shows one", async () => {
    expect((await danas(folder, ["space"])).out).toMatch(/^danas-mobile +\d\.\d × 10²⁶ networks/m);
    const { out } = await danas(folder, ["space", "macro-bench", "--classes", "10"]);
    expect(out).toMatch(/^macro-bench: 8 slots, 6,561 networks\n/);
    expect(out.split("\n").filter((line) => /^\d\.\d/.test(line))).toHaveLength(8);
    expect((await danas(folder, ["space", "macro-bnch"])).err).toContain('did you mean "macro-bench"?');
  });
});

describe("a run on the mock worker", () => {
  let home: string;
  let searched: Said;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "danas-cli-"));
    writeFileSync(join(home, "little.yaml"), mockConfig);
    searched = await danas(home, ["search", "little.yaml"]);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it("ends with one line for scripts, and words on standard error", () => {
    expect([searched.code, searched.out.split("\n").length]).toEqual([0, 2]);
    const line = lastLine(searched.out) as Record<string, unknown>;
    expect(Object.keys(line)).toEqual([
      "run",
      "architecture",
      "macs",
      "params",
      "testAccuracy",
      "searchSeconds",
      "totalSeconds",
      "mock",
    ]);
    expect(line).toMatchObject({
      run: "little",
      mock: true,
      architecture: expect.stringMatching(/^[^/]+\.[^/]+\/[^/]+$/),
    });
    expect(line.macs).toBeLessThanOrEqual(2_000_000);
    expect(searched.err).toContain("MOCK RESULT: made-up numbers");
    expect(searched.err).toContain(`found    ${line.architecture}\n`);
  });

  it("leaves a private folder with all that was said, decided and found", () => {
    const run = join(home, "runs/little");
    expect(readdirSync(run)).toEqual(
      expect.arrayContaining([
        "config.yaml",
        "resolved.yaml",
        "plan.json",
        "journal.db",
        "ranking.json",
        "report.html",
      ]),
    );
    expect(readdirSync(run)).not.toContain("owner.json");
    expect(statSync(run).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(run))
      if (statSync(join(run, name)).isFile()) expect(statSync(join(run, name)).mode & 0o077, name).toBe(0);
    expect(readFileSync(join(run, "config.yaml"), "utf8")).toBe(mockConfig);
  });

  it("is not begun again over itself", async () => {
    const { code, err } = await danas(home, ["search", "little.yaml"]);
    expect([code, err]).toEqual([
      2,
      'E_RUN_EXISTS  there is a finished run "little" already\n  hint: `danas report little` tells of it; --name takes another name; --force puts it aside\n',
    ]);
  });

  it("that is finished has nothing to resume: that is said, with the line for scripts once more", async () => {
    const { code, out, err } = await danas(home, ["resume", "little"]);
    expect([code, out]).toEqual([0, searched.out]);
    expect(err).toMatch(/^run little is finished, nothing is left to do; what came of it:\n/);
    expect(err).not.toContain("the mock worker");
    expect(await danas(home, ["resume", "little", "-q"])).toEqual({ code: 0, out: searched.out, err: "" });
  });

  it("finds the same again from the same seed, under another name", async () => {
    const again = await danas(home, ["search", "little.yaml", "--name", "again", "-q"]);
    const [first, second] = [lastLine(searched.out), lastLine(again.out)] as Record<string, unknown>[];
    expect(second).toMatchObject({ run: "again", architecture: first.architecture, testAccuracy: first.testAccuracy });
    expect(again.err).toBe("");
  });

  it("has a status, alone and among others", async () => {
    const told = JSON.parse((await danas(home, ["status", "little", "--json"])).out);
    expect(told).toMatchObject({ run: "little", mock: true, status: { kind: "done" } });
    expect((await danas(home, ["status"])).out).toMatch(/^little +done +.*\(mock\)$/m);
    const unknown = await danas(home, ["status", "litle"]);
    expect([unknown.code, unknown.err]).toEqual([
      2,
      'E_RUN_UNKNOWN  there is no run "litle" in runs\n  hint: did you mean "little"?\n',
    ]);
  });

  it("is replayed, and a tampered journal is not", async () => {
    const { code, out } = await danas(home, ["replay", "little"]);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^\d+ entries, \d+ decisions: every one came out as it was recorded\n$/),
    ]);
    cpSync(join(home, "runs/little"), join(home, "elsewhere/tampered"), { recursive: true });
    const database = new Database(join(home, "elsewhere/tampered/journal.db"));
    const rows = database.prepare("SELECT seq, decisions FROM entries WHERE decisions LIKE '%\"prune\"%'").all() as {
      seq: number;
      decisions: string;
    }[];
    const { seq, decisions } = rows[0];
    const tampered = (JSON.parse(decisions) as { type: string; cuts: { candidate: number }[] }[]).map((decision) =>
      decision.type === "prune"
        ? { ...decision, cuts: decision.cuts.map((cut, index) => (index === 0 ? { ...cut, candidate: 99 } : cut)) }
        : decision,
    );
    database.prepare("UPDATE entries SET decisions = ? WHERE seq = ?").run(JSON.stringify(tampered), seq);
    database.close();
    const caught = await danas(home, ["replay", "elsewhere/tampered"]);
    expect([caught.code, caught.out]).toEqual([1, ""]);
    expect(caught.err).toMatch(
      new RegExp(`^E_DIVERGENCE {2}entry ${seq}, decision \\d+ comes out otherwise, first at `),
    );
    const json = await danas(home, ["replay", "elsewhere/tampered", "--json"]);
    expect([json.code, JSON.parse(json.out)]).toEqual([
      1,
      expect.objectContaining({ divergence: expect.objectContaining({ seq }) }),
    ]);
  });

  it("explains a cut with its probability, margin, classes and counts", async () => {
    const lines = (await danas(home, ["events", "little"])).out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index));
    const prune = lines.flatMap(({ decisions }) => decisions).find(({ type }) => type === "prune");
    const { slot, candidate, probability } = prune.cuts[0];
    const { space } = JSON.parse(readFileSync(join(home, "runs/little/plan.json"), "utf8"));
    const query = `${space.slots[slot].name}:${space.slots[slot].candidates[candidate].name}`;
    const told = JSON.parse((await danas(home, ["explain", "little", query, "--json"])).out);
    expect(told).toMatchObject({ kind: "candidate", fate: { kind: "cut", probability } });
    expect((await danas(home, ["explain", "little", query])).out).toContain("cut at the end of round 1");
    expect((await danas(home, ["explain", "little", "9.9"])).code).toBe(2);
  });

  it("reports in three formats", async () => {
    const html = await danas(home, ["report", "little"]);
    expect(readFileSync(html.out.trim(), "utf8")).toMatch(/^<!doctype html>/);
    expect((await danas(home, ["report", "little", "--format", "md", "--out", "-"])).out).toContain("# little");
    expect(JSON.parse((await danas(home, ["report", "little", "--format", "json", "--out", "-"])).out)).toMatchObject({
      run: "little",
    });
  });

  it("retrains what it found as a run of its own, and any other network", async () => {
    const { code, out } = await danas(home, ["retrain", "little", "-q"]);
    const first = lastLine(searched.out) as { architecture: string };
    expect([code, lastLine(out)]).toEqual([
      0,
      expect.objectContaining({ run: "little-retrain", architecture: first.architecture, searchSeconds: 0 }),
    ]);
    const other = await danas(home, [
      "retrain",
      "little.yaml",
      "--architecture",
      "k3e3.skip/k5e3",
      "--name",
      "other",
      "-q",
    ]);
    expect(lastLine(other.out)).toMatchObject({ run: "other", architecture: "k3e3.skip/k5e3" });
  });

  it("ranks alone, and a search takes that ranking", async () => {
    const ranked = await danas(home, ["rank", "little.yaml", "--out", "ranking.json", "-q"]);
    expect([ranked.code, existsSync(join(home, "ranking.json"))]).toEqual([0, true]);
    // the config's own ranking section gives way
    const { code, out } = await danas(home, [
      "search",
      "little.yaml",
      "--name",
      "given",
      "--set",
      "ranking.file=ranking.json",
      "-q",
    ]);
    expect([code, lastLine(out)]).toEqual([0, expect.objectContaining({ run: "given" })]);
    expect((await danas(home, ["resume", "given", "-q"])).code).toBe(0);
  });

  it("does not rank for a file that cannot be written", async () => {
    for (const file of ["nowhere/ranking.json", "runs"]) {
      const { code, out, err } = await danas(home, ["rank", "little.yaml", "--name", "unwritten", "--out", file]);
      expect([code, out, err]).toEqual([
        2,
        "",
        expect.stringMatching(/^E_RANKING_WRITE {2}cannot write .*\n {2}hint: /),
      ]);
    }
    expect(existsSync(join(home, "runs/unwritten"))).toBe(false);
  });

  it("does not let its plan be changed once it has begun", async () => {
    const { code, err } = await danas(home, ["resume", "little", "--set", "seed=4"]);
    expect([code, err]).toEqual([2, expect.stringContaining("E_RESUME_SET")]);
  });

  it("puts the run before aside with --force", async () => {
    const { code } = await danas(home, ["search", "little.yaml", "--name", "again", "--force", "-q"]);
    expect([code, existsSync(join(home, "runs/again.1/journal.db"))]).toEqual([0, true]);
  });
});
