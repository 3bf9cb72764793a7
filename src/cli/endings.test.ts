import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownerOf } from "../runs/owner.js";
import { danas, mockConfig, startDanas } from "./testing/harness.js";

/** How a run ends, through the real command line: exit codes, signals, what is left behind. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-end-"));
  // steps that take time, so that there is a middle to be stopped in
  writeFileSync(join(folder, "slow.yaml"), mockConfig.replace("imagesPerClass: 40", "imagesPerClass: 40, stepMs: 15"));
  writeFileSync(join(folder, "little.yaml"), mockConfig);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const result = (out: string) => JSON.parse(out.trimEnd().split("\n").pop() ?? "") as Record<string, unknown>;
const begun = "the mock worker";
/** a program that is there and is no Python: it ends at once */
const noPython = `worker={kind: local, python: ${JSON.stringify(process.execPath)}}`;

describe("the exit code", () => {
  it("is 0 where it is done, and of standard output the last line is the result", async () => {
    const { code, out } = await startDanas(folder, ["search", "little.yaml", "-q"]).ended;
    expect([code, result(out).run]).toEqual([0, "little"]);
  });

  it("is 2 for a mistake in the config", async () => {
    const { code, err } = await startDanas(folder, ["search", "little.yaml", "--set", "budget.maxMacs=1K"]).ended;
    expect(code).toBe(2);
    expect(err).toMatch(/^E_BUDGET_UNREACHABLE {2}--set budget\.maxMacs {2}/);
    expect(err).not.toContain("    at ");
  });

  it("is 1 where something failed", async () => {
    const { code, err } = await startDanas(folder, ["search", "little.yaml", "--set", noPython]).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^E_WORKER_\w+ {2}/m);
    expect(err).not.toContain("    at ");
  });

  it.each(["SIGINT", "SIGTERM", "SIGUSR1"] as const)(
    "is 75 after %s, and the run goes on to the same network",
    async (signal) => {
      const whole = result((await danas(folder, ["search", "little.yaml", "--name", "whole", "-q"])).out);
      const search = startDanas(folder, ["search", "slow.yaml", "--name", "stopped"]);
      await search.saw(begun);
      await new Promise((resolve) => setTimeout(resolve, 300));
      search.child.kill(signal);
      const { code, err } = await search.ended;
      expect([code, err]).toEqual([75, expect.stringContaining("\n  danas resume stopped\n")]);
      expect(JSON.parse((await danas(folder, ["status", "stopped", "--json"])).out).status.kind).toBe("interrupted");
      expect(ownerOf(join(folder, "runs/stopped"))).toBeNull();
      const resumed = await danas(folder, ["resume", "stopped", "-q", "--set", "worker.stepMs=0"]);
      expect(resumed.code).toBe(0);
      expect(result(resumed.out)).toMatchObject({ architecture: whole.architecture, testAccuracy: whole.testAccuracy });
    },
  );

  it("is 130 after a second Ctrl-C, at once", async () => {
    // the first one waits for the job that is at work: here 20 steps of a second
    const search = startDanas(folder, ["search", "slow.yaml", "--set", "worker.stepMs=1000"]);
    await search.saw(begun);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    search.child.kill("SIGINT");
    await search.saw("once more stops at once");
    const began = Date.now();
    search.child.kill("SIGINT");
    expect((await search.ended).code).toBe(130);
    expect(Date.now() - began).toBeLessThan(2_000);
  });

  it("is 0 where the reader of standard output has left", async () => {
    await danas(folder, ["search", "little.yaml", "-q"]);
    const events = startDanas(folder, ["events", "little"]);
    events.child.stdout?.destroy();
    const { code, err } = await events.ended;
    expect([code, err]).toEqual([0, ""]);
  });
});

describe("a run that was killed", () => {
  it("is told as interrupted, is taken over, and ends with the same network", async () => {
    const whole = result((await danas(folder, ["search", "little.yaml", "--name", "whole", "-q"])).out);
    const search = startDanas(folder, ["search", "slow.yaml", "--name", "killed"]);
    await search.saw(begun);
    await new Promise((resolve) => setTimeout(resolve, 300));
    search.child.kill("SIGKILL");
    await search.ended;
    expect(ownerOf(join(folder, "runs/killed"))?.pid).toBe(search.child.pid);
    expect((await danas(folder, ["status", "killed"])).out).toContain("it was killed");
    const resumed = await danas(folder, ["resume", "killed", "-q", "--set", "worker.stepMs=0"]);
    expect(result(resumed.out)).toMatchObject({ architecture: whole.architecture, testAccuracy: whole.testAccuracy });
  });
});

describe("a run that failed", () => {
  it("leaves a status that says what failed and when, and the command that goes on", async () => {
    const nobody = noPython;
    const failed = await danas(folder, ["search", "little.yaml", "--name", "failed", "-q", "--set", nobody]);
    expect(failed.code).toBe(1);
    const told = JSON.parse((await danas(folder, ["status", "failed", "--json"])).out);
    expect(told.status).toMatchObject({
      kind: "failed",
      resumable: true,
      message: expect.stringContaining("ended with code"),
    });
    expect(Date.now() - told.lastEntryAt).toBeLessThan(60_000);
    expect(told.next.line).toBe("danas resume failed");
    expect((await danas(folder, ["status", "failed"])).out).toContain("danas resume failed");
    const mock = "worker={kind: mock, imagesPerClass: 40}";
    const again = await danas(folder, ["resume", "failed", "-q", "--set", mock]);
    const whole = await danas(folder, ["search", "little.yaml", "--name", "whole", "-q"]);
    expect(result(again.out)).toMatchObject({ architecture: result(whole.out).architecture });
  });
});

describe("two at one run", () => {
  it("are not: the second is told who works on it", async () => {
    const search = startDanas(folder, ["search", "slow.yaml", "--name", "busy"]);
    await search.saw(begun);
    const { code, err } = await danas(folder, ["resume", "busy"]);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(`E_RUN_BUSY  process ${search.child.pid} on ${hostname()} works on `),
    ]);
    search.child.kill("SIGINT");
    expect((await search.ended).code).toBe(75);
  });
});
