import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { NumberedJob } from "../domain/job.js";
import { type EmbeddedOptions, embeddedWorker } from "./embedded.js";
import type { Worker } from "./port.js";
import { WorkerLost } from "./port.js";
import { isAlive, until } from "./testing/processes.js";

/** A Python without torch that answers at once, or as the train job's stream tells it: what is tested is the bridge. */
const scripted = `
import base64, os, time
from danas_worker.generated.danas.v1 import worker_pb2 as pb

def handle(message):
    told = pb.ToWorker.FromString(base64.b64decode(message))
    answer = pb.FromWorker()
    if told.HasField("hello"):
        if told.hello.run == "refused":
            answer.refusal.message = "too old"
        else:
            answer.welcome.protocol, answer.welcome.pid, answer.welcome.host = 2, os.getpid(), told.hello.run
    else:
        stream = told.command.train.stream
        if stream == "hang":
            time.sleep(60)
        if stream == "raise":
            raise RuntimeError("out of cheese")
        if stream == "die":
            os.kill(os.getpid(), 9)
        print("working on", told.command.id)
        answer.reply.id = told.command.id
        trained = answer.reply.train
        trained.losses.append(float("nan") if stream == "nan" else 0.5)
        trained.accuracies.append(1)
    return base64.b64encode(answer.SerializeToString()).decode()
`;

const folder = mkdtempSync(join(tmpdir(), "danas-embedded-"));
writeFileSync(join(folder, "scripted.py"), scripted);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let worker: Worker;
afterEach(() => worker?.close());

const hello = { run: "a-run", runId: "1", incarnation: 1, runFolder: folder };

const open = (options: Partial<EmbeddedOptions> = {}, run = "a-run") => {
  worker = embeddedWorker({ module: "scripted", pythonPath: [folder], ...options });
  return worker.open({ ...hello, run });
};

const train = (id: number, stream = "ok"): NumberedJob => ({
  id,
  job: {
    kind: "train",
    stream,
    scope: "all",
    steps: [{ paths: [{ architecture: [0], weight: 1 }], learningRate: 0.1, batch: 0 }],
  },
});

describe("the bridge to an embedded Python", () => {
  it("carries the wire's bytes, one command after another, however many are sent", async () => {
    const session = await open();
    expect(session.welcome.host).toBe("a-run");
    const outcomes = await Promise.all([4, 5, 6].map((id) => session.submit(train(id))));
    expect(outcomes.map((outcome) => outcome.ok && outcome.answer.jobId)).toEqual([4, 5, 6]);
    const logged = () => readFileSync(join(folder, "worker.log"), "utf8");
    await until(() => logged().includes("working on job-4\nworking on job-5\nworking on job-6\n"));
  });

  it("survives a NaN, which pythonia's own JSON does not", async () => {
    const session = await open();
    expect(await session.submit(train(0, "nan"))).toMatchObject({ ok: false, failure: { code: "non_finite" } });
    expect((await session.submit(train(1))).ok).toBe(true);
  });

  it("loses the session, and everything in flight, at once when Python is killed", async () => {
    const session = await open();
    const started = performance.now();
    const outcomes = await Promise.allSettled([session.submit(train(0, "die")), session.submit(train(1))]);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason)).toEqual([
      expect.any(WorkerLost),
      expect.any(WorkerLost),
    ]);
    expect(String((outcomes[0] as PromiseRejectedResult).reason)).toContain("Python was killed by SIGKILL");
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("tells what Python raised where the bridge itself fails", async () => {
    const session = await open();
    await expect(session.submit(train(0, "raise"))).rejects.toThrow("out of cheese");
  });

  it("has a deadline of its own, and leaves no Python behind after it", async () => {
    const session = await open({ jobTimeoutMs: 300 });
    await expect(session.submit(train(0, "hang"))).rejects.toThrow("no answer within 0.3 s");
    await until(() => !isAlive(session.welcome.pid));
  });

  it("can be opened again after a loss: a new Python", async () => {
    const first = await open();
    const lost = first.submit(train(0, "die"));
    await expect(lost).rejects.toBeInstanceOf(WorkerLost);
    const second = await worker.open({ ...hello, incarnation: 2 });
    expect(second.welcome.pid).not.toBe(first.welcome.pid);
    expect((await second.submit(train(0))).ok).toBe(true);
  });

  it("ends a Python in the middle of a job when it is closed", async () => {
    const session = await open();
    const running = session.submit(train(0, "hang"));
    running.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await worker.close();
    await expect(running).rejects.toBeInstanceOf(WorkerLost);
    expect(isAlive(session.welcome.pid)).toBe(false);
  });

  it("says what is wrong where the module cannot be imported, or refuses", async () => {
    await expect(open({ module: "no_such_module" })).rejects.toMatchObject({
      code: "E_WORKER_START",
      message: expect.stringContaining("no_such_module"),
    });
    await worker.close();
    await expect(open({}, "refused")).rejects.toMatchObject({ code: "E_WORKER_PROTOCOL" });
  });

  it("leaves no Python behind where we are killed in the middle of a job", async () => {
    const program = `
      const { embeddedWorker } = await import(${JSON.stringify(new URL("./embedded.ts", import.meta.url).href)});
      const worker = embeddedWorker({ module: "scripted", pythonPath: [${JSON.stringify(folder)}] });
      const session = await worker.open(${JSON.stringify(hello)});
      session.submit(${JSON.stringify(train(0, "hang"))});
      setTimeout(() => console.log(session.welcome.pid), 100);`;
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
