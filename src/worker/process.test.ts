import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { type OwnedProcess, startProcess } from "./process.js";
import { isAlive, until } from "./testing/processes.js";

const folder = mkdtempSync(join(tmpdir(), "danas-process-"));
const logFile = join(folder, "logs", "worker.log");
let running: OwnedProcess | null = null;

afterEach(async () => {
  await running?.stop();
  running = null;
  rmSync(join(folder, "logs"), { recursive: true, force: true });
});

async function start(program: string, graceMs = 5_000): Promise<OwnedProcess> {
  running = await startProcess({
    command: process.execPath,
    args: ["-e", program],
    env: process.env,
    logFile,
    graceMs,
  });
  return running;
}

const firstLine = (owned: OwnedProcess) => new Promise<string>((resolve) => owned.onLine(resolve));

describe("an owned process", () => {
  it("is told to leave by the end of its standard input", async () => {
    const owned = await start(
      "process.stdin.resume().on('end', () => { console.error('leaving'); process.exit(0) }); console.log('here')",
    );
    await firstLine(owned);
    await owned.stop();
    expect(isAlive(owned.pid)).toBe(false);
    expect(owned.death.reason).toMatch(/ended with code 0; the end of its log:\n {2}here\n {2}leaving$/);
  });

  it("is killed where it does not leave", async () => {
    const owned = await start("setInterval(() => {}, 1000); console.log('here')", 200);
    await firstLine(owned);
    await Promise.all([owned.stop(), owned.stop()]);
    expect(isAlive(owned.pid)).toBe(false);
    expect(owned.death.reason).toContain("was killed by SIGKILL");
  });

  it("takes its own children with it", async () => {
    const owned = await start(
      `const child = require("child_process").spawn("sleep", ["60"], { stdio: "inherit" });
       console.log(child.pid); process.stdin.resume()`,
      200,
    );
    const child = Number(await firstLine(owned));
    expect(isAlive(child)).toBe(true);
    process.kill(owned.pid, "SIGKILL");
    await until(() => owned.death.aborted);
    await until(() => !isAlive(child));
  });

  it("dies with a sentence that holds the end of its log, and only of its own", async () => {
    const before = await start("console.error('from the first')");
    await until(() => before.death.aborted);
    await before.stop();
    const owned = await start("console.error('no such module: torch'); process.exit(3)");
    await until(() => owned.death.aborted);
    expect(owned.death.reason).toMatch(/ended with code 3; the end of its log:\n {2}no such module: torch$/);
    expect(readFileSync(logFile, "utf8")).toBe("from the first\nno such module: torch\n");
    expect(statSync(logFile).mode & 0o077).toBe(0);
  });

  it("that cannot be started says so", async () => {
    const options = { command: "/no/such/python", args: [], env: {}, logFile, graceMs: 1 };
    await expect(startProcess(options)).rejects.toMatchObject({
      code: "E_WORKER_START",
      message: expect.stringContaining("/no/such/python"),
      hint: expect.stringContaining("npm run setup"),
    });
  });

  it("does not outlive us, even where we are killed", async () => {
    // a parent of its own: it starts a process with our code and is then killed
    const program = `
      const { startProcess } = await import(${JSON.stringify(new URL("./process.ts", import.meta.url).href)});
      const owned = await startProcess({
        command: process.execPath,
        args: ["-e", "process.stdin.resume().on('end', () => process.exit(0))"],
        env: process.env, logFile: ${JSON.stringify(logFile)}, graceMs: 1000,
      });
      console.log(owned.pid);`;
    const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = Number(
      await new Promise<string>((resolve) => createInterface({ input: parent.stdout }).once("line", resolve)),
    );
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await until(() => !isAlive(pid));
  });
});
