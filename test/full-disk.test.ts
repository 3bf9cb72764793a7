import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mockConfig, startDanas } from "../src/cli/testing/harness.js";
import { rng } from "../src/util/rng.js";
import { torture } from "./support/torture.js";

/** A disk that fills up in the middle of a run: it stops with words, and goes on once there is room. */

let folder: string;
let missing = "";
try {
  folder = mkdtempSync(join(tmpdir(), "danas-disk-"));
  mkdirSync(join(folder, "small"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", join(folder, "small")], { stdio: "pipe" });
} catch {
  missing = "no file system may be mounted here";
}

const disk = () => join(folder, "small");
const filler = () => join(disk(), "filler");

beforeAll(() => {
  writeFileSync(join(folder, "little.yaml"), `${mockConfig}\ncheckpoints: { everySeconds: 0.02 }\n`);
});
afterAll(() => {
  if (missing === "") execFileSync("umount", ["-l", disk()]);
  rmSync(folder, { recursive: true, force: true });
});

/** leaves so many bytes free */
function fill(left: number): void {
  const { bavail, bsize } = statfsSync(disk());
  writeFileSync(filler(), Buffer.alloc(Math.max(0, bavail * bsize - left)));
}

// processes of their own: one that ends gives back all that it held of the disk
const search = (runs: string, name: string) =>
  startDanas(folder, ["search", "little.yaml", "--name", name, "--set", `runs=${runs}`, "-q"]).ended;
const look = (command: string, name: string) => startDanas(folder, [command, join(disk(), name)]).ended;
const resume = (name: string) => startDanas(folder, ["resume", join(disk(), name), "-q"]).ended;

const network = (out: string) => {
  const {
    run: _run,
    searchSeconds: _search,
    totalSeconds: _total,
    ...found
  } = JSON.parse(out.trimEnd().split("\n").pop()!);
  return found as unknown;
};

describe.skipIf(missing !== "")(`on a small disk${missing && ` (skipped: ${missing})`}`, () => {
  it("a run that fills it stops with a way on, and once there is room goes on to the same network", async () => {
    const whole = await search("runs", "whole");
    expect(whole.code).toBe(0);
    const draw = rng(torture.seed).fork("full disk");
    const seen = new Set<number>();
    for (let trial = 0; trial < (torture.on ? 30 : 4); trial++) {
      // what the run needs lies well within the range; the report alone needs 1 MB, so many stop only there
      const left = 16_384 + 4096 * draw.int(120);
      fill(left);
      const name = `t${trial}`;
      const label = `seed ${torture.seed}, trial ${trial}: ${left} bytes free`;
      const first = await search(disk(), name);
      seen.add(first.code);
      expect(first.err, label).not.toMatch(/ {4}at |E_INTERNAL/);
      if (first.code !== 0) {
        expect([1, 75], `${label}: ${first.err}`).toContain(first.code);
        expect(first.err, label).toMatch(/hint: .*(room|disk)/);
      }
      rmSync(filler());
      if (first.code !== 0) {
        // a folder that was not even begun is none that could be resumed
        const begun = (await look("status", name)).code === 0;
        const again = begun ? await resume(name) : await search(disk(), name);
        expect([again.code, again.err], label).toEqual([0, ""]);
        expect(network(again.out), label).toEqual(network(whole.out));
      }
      const entries = (await look("events", name)).out.trimEnd().split("\n");
      expect(entries.map((line) => JSON.parse(line).seq)).toEqual(entries.map((_, index) => index));
      rmSync(join(disk(), name), { recursive: true, force: true });
      torture.count("disks that filled up", first.code === 0 ? 0 : 1);
    }
    expect(seen.size).toBeGreaterThan(0);
  }, 600_000);
});
