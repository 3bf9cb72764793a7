import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { NumberedJob } from "../domain/job.js";
import { localWorker } from "./local.js";
import { type Worker, WorkerLost } from "./port.js";
import { findPython } from "./python.js";
import { isAlive, until } from "./testing/processes.js";

/** without an environment there is nothing to start; `npm test` makes one first */
const missing = (() => {
  try {
    findPython(null);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
})();

let runFolder: string;
let worker: Worker | null = null;
beforeEach(() => {
  runFolder = mkdtempSync(join(tmpdir(), "danas-local-"));
  vi.stubEnv("TMPDIR", runFolder); // sockets are made here: what is left behind shows
});
afterEach(async () => {
  await worker?.close();
  worker = null;
  vi.unstubAllEnvs();
  rmSync(runFolder, { recursive: true, force: true });
});

const hello = (incarnation = 1) => ({ run: "a-run", runId: "1", incarnation, runFolder });

const inspect = (id: number, perClass: number): NumberedJob => ({
  id,
  job: {
    kind: "inspect",
    data: {
      source: { kind: "synthetic", perClass, noise: 0.5 },
      input: { channels: 1, height: 8, width: 8 },
      classes: 2,
      validFraction: 0.25,
      testFraction: 0.25,
      splitSeed: 1,
      onDevice: "auto",
    },
  },
});

describe.skipIf(missing !== "")(`a worker that danas starts itself${missing && ` (skipped: ${missing})`}`, () => {
  it("serves, and leaves neither a process nor a socket behind", async () => {
    worker = localWorker();
    const session = await worker.open(hello());
    const { welcome } = session;
    expect(welcome.versions.torch).toMatch(/^\d+\.\d+/);
    expect(welcome.mock).toBe(false);
    expect(isAlive(welcome.pid)).toBe(true);
    expect(readdirSync(runFolder)).toHaveLength(2); // the log, and the folder of the sockets
    const outcome = await session.submit(inspect(0, 8));
    expect(outcome).toMatchObject({ ok: true, answer: { jobId: 0, signal: { kind: "inspect" } } });
    expect(await session.submit(inspect(1, 0))).toMatchObject({ ok: false, failure: { code: "invalid_job" } });
    await worker.close();
    await worker.close();
    expect(isAlive(welcome.pid)).toBe(false);
    expect(readdirSync(runFolder)).toEqual(["worker.log"]);
  });

  it("keeps its process over sessions, and starts another where it was killed", async () => {
    worker = localWorker();
    const first = await worker.open(hello(1));
    await first.close();
    const second = await worker.open(hello(2));
    expect(second.welcome.pid).toBe(first.welcome.pid);

    // more work than it can have done before the signal reaches it
    const running = [0, 1, 2].map((id) => second.submit(inspect(id, 20_000)));
    for (const job of running) job.catch(() => undefined);
    process.kill(second.welcome.pid, "SIGKILL");
    for (const job of running) await expect(job).rejects.toBeInstanceOf(WorkerLost);
    await expect(running[0]).rejects.toThrow("was killed by SIGKILL");

    const third = await worker.open(hello(3));
    expect(third.welcome.pid).not.toBe(first.welcome.pid);
    expect((await third.submit(inspect(0, 8))).ok).toBe(true);
  });

  it("is replaced where it hangs in a job: its process is ended, and another serves", async () => {
    worker = localWorker({ jobTimeoutMs: 1_500, graceMs: 200 });
    const first = await worker.open(hello(1));
    process.kill(first.welcome.pid, "SIGSTOP"); // as a driver that never returns
    await expect(first.submit(inspect(0, 8))).rejects.toThrow("job-0 was not answered within 1.5 s");
    const second = await worker.open(hello(2));
    expect(second.welcome.pid).not.toBe(first.welcome.pid);
    expect(isAlive(first.welcome.pid)).toBe(false);
    expect((await second.submit(inspect(0, 8))).ok).toBe(true);
  });

  it("that is closed while it starts is ended, and whoever opened it hears so", async () => {
    worker = localWorker({ graceMs: 200 });
    const opening = worker.open(hello());
    const refused = expect(opening).rejects.toMatchObject({ code: "E_WORKER_START" });
    await until(() => readdirSync(runFolder).length === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await worker.close();
    await refused;
    expect(readdirSync(runFolder)).toEqual(["worker.log"]);
  });

  it("does not outlive us, even where we are killed", async () => {
    const program = `
      const { localWorker } = await import(${JSON.stringify(new URL("./local.ts", import.meta.url).href)});
      const session = await localWorker().open(${JSON.stringify(hello())});
      console.log(session.welcome.pid);`;
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

  it("that ends before it is ready says why, from its own words", async () => {
    worker = localWorker({ program: ["-c", "import sys; sys.exit('no module named torch')"] });
    await expect(worker.open(hello())).rejects.toMatchObject({
      name: "DanasError",
      code: "E_WORKER_START",
      message: expect.stringMatching(/ended with code 1; the end of its log:\n {2}no module named torch/),
      hint: expect.stringContaining("worker.log"),
    });
  });

  it("that is never ready is ended after a while", async () => {
    worker = localWorker({
      program: ["-c", "import os, time; print('pid', os.getpid(), flush=True); time.sleep(60)"],
      startTimeoutMs: 1_000,
      graceMs: 100,
    });
    await expect(worker.open(hello())).rejects.toMatchObject({
      code: "E_WORKER_START",
      message: "the worker was not ready within 1 s",
    });
    const pid = Number(/pid (\d+)/.exec(readFileSync(join(runFolder, "worker.log"), "utf8"))?.[1]);
    expect(isAlive(pid)).toBe(false);
  });
});

it("a Python that is not there is a mistake one can mend", async () => {
  worker = localWorker({ python: "/no/such/python" });
  await expect(worker.open(hello())).rejects.toMatchObject({ code: "E_PYTHON_MISSING", hint: expect.any(String) });
});
