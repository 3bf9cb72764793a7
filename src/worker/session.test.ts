import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { NumberedJob } from "../domain/job.js";
import { FromWorker } from "../wire/generated/danas/v1/worker.js";
import { type GrpcOptions, grpcWorker } from "./grpc.js";
import { type Worker, WorkerLost, type WorkerSession } from "./port.js";
import { type Behaviour, type FakeWorker, startFakeWorker, trained } from "./testing/fake-worker.js";
import { until } from "./testing/processes.js";

const hello = { run: "a-run", runId: "1", incarnation: 3, runFolder: "/runs/a-run" };

const train = (id: number): NumberedJob => ({
  id,
  job: {
    kind: "train",
    stream: "train",
    scope: "all",
    steps: [{ paths: [{ architecture: [0], weight: 1 }], learningRate: 0.1, batch: id }],
  },
});

/** of a field on the wire: 0 = a number, 2 = bytes, a text, a message */
const tag = (field: number, type: 0 | 2): number => (field << 3) | type;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function fake(behaviour: Partial<Behaviour> = {}): Promise<FakeWorker> {
  const worker = await startFakeWorker(behaviour);
  cleanups.push(() => worker.close());
  return worker;
}

function client(address: string, options: Partial<GrpcOptions> = {}): Worker {
  const worker = grpcWorker({ address, connectTimeoutMs: 2_000, reconnectAfterMs: [10, 20, 40], ...options });
  cleanups.push(() => worker.close());
  return worker;
}

const open = (worker: FakeWorker, options: Partial<GrpcOptions> = {}): Promise<WorkerSession> =>
  client(worker.address, options).open(hello);

describe("a session", () => {
  it("says who it is and takes the worker's welcome", async () => {
    const worker = await fake();
    const session = await open(worker);
    expect(worker.received[0].message).toEqual({ $case: "hello", value: { protocol: 2, ...hello, telemetryKey: "" } });
    expect(session.welcome).toEqual({
      workerVersion: "0.0.0-fake",
      versions: { numpy: "2.0.0", python: "3.12.1" },
      host: "fake-host",
      pid: 4711,
      devices: ["cpu"],
      telemetry: "",
      mock: true,
    });
  });

  it("sends commands without waiting for answers, and settles them in the order of the calls", async () => {
    const worker = await fake();
    const session = await open(worker);
    const settled: number[] = [];
    await Promise.all(
      [5, 6, 7, 8].map((id) =>
        session.submit(train(id)).then((outcome) => {
          if (outcome.ok) settled.push(outcome.answer.jobId);
        }),
      ),
    );
    expect(settled).toEqual([5, 6, 7, 8]);
    expect(worker.executed).toEqual(["job-5", "job-6", "job-7", "job-8"]);
  });

  it("settles in order even where a later command is answered first", async () => {
    const worker = await fake({ answer: () => null });
    const session = await open(worker);
    worker.behaviour.answer = ({ id }) => (id === "job-1" ? trained("job-1") : null);
    const settled: string[] = [];
    const first = session.submit(train(0)).then(() => settled.push("first"));
    const second = session.submit(train(1)).then(() => settled.push("second"));
    await until(() => worker.executed.length === 2);
    expect(settled).toEqual([]);
    worker.behaviour.answer = () => trained("job-0");
    session.checkpoint("any").catch(() => undefined); // its "reply" carries job-0's id
    await Promise.all([first, second]);
    expect(settled).toEqual(["first", "second"]);
  });

  it("ignores an answer that comes twice", async () => {
    const worker = await fake({ times: 2 });
    const session = await open(worker);
    const first = await session.submit(train(0));
    const second = await session.submit(train(1));
    expect([first, second].map((outcome) => outcome.ok && outcome.answer.jobId)).toEqual([0, 1]);
  });

  it("keeps going after a command that could not be done", async () => {
    const full = { code: "out_of_memory", message: "the GPU is full", hint: "smaller batch", step: null } as const;
    const worker = await fake();
    const session = await open(worker);
    worker.behaviour.answer = ({ id }) => ({
      id,
      answer: { $case: "failure", value: full },
      timing: null,
    });
    expect(await session.submit(train(0))).toEqual({
      ok: false,
      failure: full,
    });
    worker.behaviour.answer = ({ id }) => trained(id);
    expect((await session.submit(train(1))).ok).toBe(true);
  });

  it("is lost, with everything in flight, where an answer makes no sense", async () => {
    const worker = await fake({
      answer: ({ id }) => ({
        id,
        answer: { $case: "train", value: { losses: [1, 2], accuracies: [0, 0], samples: 1 } },
        timing: null,
      }),
    });
    const session = await open(worker);
    const [first, second] = [session.submit(train(0)), session.submit(train(1))];
    await expect(first).rejects.toThrow("the worker's answer to job-0 makes no sense: 2 losses where 1 were asked");
    await expect(second).rejects.toBeInstanceOf(WorkerLost);
    await expect(session.submit(train(2))).rejects.toBeInstanceOf(WorkerLost);
  });

  it.each<[string, (failure: BinaryWriter) => BinaryWriter, string]>([
    ["a number of an enum", (reply) => reply.uint32(tag(15, 2)).fork().uint32(tag(1, 0)).int32(99).join(), "99"],
    ["a kind of answer", (reply) => reply.uint32(tag(77, 2)).fork().join(), "the answer to a train is empty, or of a"],
  ])("is lost at once where a later version says %s that is not known here", async (_, said, why) => {
    const reply = said(new BinaryWriter().uint32(tag(2, 2)).fork().uint32(tag(1, 2)).string("job-0")).join();
    const bytes = reply.finish();
    const worker = await fake({
      encode: (told) => (told.message?.$case === "reply" ? bytes : FromWorker.encode(told).finish()),
    });
    const running = (await open(worker)).submit(train(0));
    await expect(running).rejects.toBeInstanceOf(WorkerLost);
    await expect(running).rejects.toThrow(why);
    expect(worker.hellos).toBe(1);
  });

  it("takes leave: the worker hears a goodbye, open promises reject, a second close does nothing", async () => {
    const worker = await fake({ answer: () => null });
    const session = await open(worker);
    const running = session.submit(train(0));
    running.catch(() => undefined);
    await until(() => worker.executed.length === 1);
    await session.close();
    await session.close();
    await expect(running).rejects.toBeInstanceOf(WorkerLost);
    await until(() => worker.ends.length === 1);
    expect(worker.ends).toEqual(["goodbye"]);
  });

  it("sends the token as a bearer", async () => {
    const worker = await fake();
    await open(worker, { token: "s3cret" });
    expect(worker.tokens).toEqual(["Bearer s3cret"]);
  });
});

describe("a connection that is cut", () => {
  it.each(["before", "after"] as const)(
    "is made again, and what is unanswered is asked again but not run twice (%s the reply)",
    async (when) => {
      const worker = await fake({ cut: { id: "job-1", when } });
      const session = await open(worker);
      const outcomes = await Promise.all([0, 1, 2, 3].map((id) => session.submit(train(id))));
      expect(outcomes.map((outcome) => outcome.ok && outcome.answer.jobId)).toEqual([0, 1, 2, 3]);
      expect(worker.executed).toEqual(["job-0", "job-1", "job-2", "job-3"]);
      expect(worker.hellos).toBe(2);
      const incarnations = worker.received.map(({ message }) =>
        message?.$case === "hello" ? message.value.incarnation : null,
      );
      expect(incarnations.filter((incarnation) => incarnation !== null)).toEqual([3, 3]);
    },
  );

  it("ends the session where another process answers then: its memory of answers is gone", async () => {
    const worker = await fake({ cut: { id: "job-0", when: "before" } });
    const session = await open(worker);
    worker.behaviour.pid = 4712;
    await expect(session.submit(train(0))).rejects.toThrow("another worker process answers now");
  });

  it("ends the session after a few tries, and says why", async () => {
    const worker = await fake({ answer: () => null });
    const session = await open(worker);
    const running = session.submit(train(0));
    running.catch(() => undefined);
    await until(() => worker.executed.length === 1);
    await worker.close();
    await expect(running).rejects.toThrow(/No connection established|ENOENT|ECONNREFUSED|UNAVAILABLE/);
    await expect(running).rejects.toBeInstanceOf(WorkerLost);
  });

  it("is not made again for ever where the same command breaks it each time", async () => {
    const worker = await fake();
    const session = await open(worker);
    worker.behaviour.answer = () => {
      throw new Error("this command breaks the server");
    };
    await expect(session.submit(train(0))).rejects.toBeInstanceOf(WorkerLost);
    expect(worker.executed).toHaveLength(4); // the first time, and once a try
  });

  it("is fenced off: the session is lost at once where a later start of the run took the worker", async () => {
    const worker = await fake({ cut: { id: "job-0", when: "before" } });
    const session = await open(worker);
    worker.behaviour.refusal = { code: "fenced", message: "incarnation 4 owns this worker" };
    await expect(session.submit(train(0))).rejects.toThrow("incarnation 4 owns this worker");
    expect(worker.hellos).toBe(2);
  });
});

describe("a worker that falls silent", () => {
  it("is taken for lost after the heartbeat's deadline", async () => {
    const worker = await fake();
    const session = await open(worker, {
      heartbeat: { everyMs: 20, timeoutMs: 150 },
      connectTimeoutMs: 100,
      reconnectAfterMs: [10],
    });
    const running = session.submit(train(0));
    await running;
    worker.behaviour.silent = true;
    const started = performance.now();
    await expect(session.submit(train(1))).rejects.toThrow("did not say welcome within 0.1 s");
    expect(performance.now() - started).toBeGreaterThan(150);
  });

  it("is taken for lost where it answers pings but not the job, once the job's time is over", async () => {
    const worker = await fake({ answer: ({ id }) => (id === "job-1" ? null : trained(id)) });
    const session = await open(worker, { heartbeat: { everyMs: 20, timeoutMs: 1_000 }, jobTimeoutMs: 300 });
    expect((await session.submit(train(0))).ok).toBe(true);
    // time without a command counts for nobody
    await new Promise((resolve) => setTimeout(resolve, 400));
    const hanging = session.submit(train(1));
    const behind = session.submit(train(2));
    behind.catch(() => undefined);
    await expect(hanging).rejects.toThrow("job-1 was not answered within 0.3 s");
    await expect(behind).rejects.toBeInstanceOf(WorkerLost);
  });

  it("is waited for while it answers pings, however long its job takes", async () => {
    const worker = await fake({ answer: () => null });
    const session = await open(worker, { heartbeat: { everyMs: 20, timeoutMs: 100 } });
    const running = session.submit(train(0));
    await new Promise((resolve) => setTimeout(resolve, 400));
    worker.behaviour.answer = () => trained("job-0");
    void session.checkpoint("any").catch(() => undefined);
    expect((await running).ok).toBe(true);
    expect(worker.hellos).toBe(1);
  });
});

const openssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!openssl)(
  `a worker behind TLS${openssl ? "" : " (skipped: no openssl to make certificates with)"}`,
  () => {
    /** a CA, and a certificate of it for localhost */
    function certificates(): string {
      const folder = mkdtempSync(join(tmpdir(), "danas-tls-"));
      cleanups.push(async () => rmSync(folder, { recursive: true, force: true }));
      const run = (...args: string[]) => {
        const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
        if (status !== 0) throw new Error(stderr);
      };
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
      writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost");
      run("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA");
      run("req", ...key, "-keyout", "key.pem", "-out", "request", "-subj", "/CN=localhost");
      const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
      run("x509", "-req", "-in", "request", "-out", "cert.pem", ...signing);
      return folder;
    }

    it("is reached with its CA's certificate, and with no other", async () => {
      const folder = certificates();
      const read = (name: string) => readFileSync(join(folder, name));
      const pair = { private_key: read("key.pem"), cert_chain: read("cert.pem") };
      const worker = await startFakeWorker({}, "localhost:0", ServerCredentials.createSsl(null, [pair]));
      cleanups.push(() => worker.close());
      const tls = (ca: string) => ({ ca: join(folder, ca), cert: null, key: null });
      const session = await open(worker, { tls: tls("ca.pem"), token: "s3cret" });
      expect((await session.submit(train(0))).ok).toBe(true);
      expect(worker.tokens).toEqual(["Bearer s3cret"]);

      const other = certificates();
      const stranger = client(worker.address, { tls: { ca: join(other, "ca.pem"), cert: null, key: null } });
      await expect(stranger.open(hello)).rejects.toMatchObject({
        code: "E_WORKER_TLS_CA",
        hint: expect.stringContaining("worker.tls.ca"),
      });
      expect(worker.tokens).toHaveLength(1);
    });
  },
);

describe("a worker that will not have us", () => {
  it.each([
    ["busy", "E_WORKER_BUSY"],
    ["fenced", "E_WORKER_FENCED"],
    ["protocol", "E_WORKER_PROTOCOL"],
    ["token", "E_WORKER_TOKEN"],
  ] as const)("refuses with %s: %s, with a way on", async (code, expected) => {
    const worker = await fake({ refusal: { code, message: "because" } });
    await expect(open(worker)).rejects.toMatchObject({
      name: "DanasError",
      code: expected,
      message: expect.stringContaining("because"),
      hint: expect.any(String),
    });
    expect(worker.hellos).toBe(1);
  });

  it("speaks another version of the protocol", async () => {
    const worker = await fake({ protocol: 1 });
    await expect(open(worker)).rejects.toMatchObject({
      code: "E_WORKER_PROTOCOL",
      message: expect.stringContaining("does not speak protocol 2: it speaks 1"),
      hint: "use the same version of danas on both sides",
    });
  });

  it("refuses in words of a later version", async () => {
    const refusal = new BinaryWriter().uint32(tag(4, 2)).fork().uint32(tag(1, 0)).int32(99).join().finish();
    const worker = await fake({ encode: () => refusal });
    await expect(open(worker)).rejects.toMatchObject({ code: "E_WORKER_PROTOCOL", hint: expect.any(String) });
  });

  it("is older, with a refusal whose code is a word", async () => {
    const said = "this worker speaks protocol 1, the orchestrator 2";
    const refusal = new BinaryWriter().uint32(tag(4, 2)).fork();
    refusal.uint32(tag(1, 2)).string("protocol").uint32(tag(2, 2)).string(said);
    const bytes = refusal.join().finish();
    await expect(open(await fake({ encode: () => bytes }))).rejects.toMatchObject({
      code: "E_WORKER_PROTOCOL",
      message: expect.stringContaining(said),
    });
  });

  it("is not there: the address is named, and what to do", async () => {
    const worker = client("unix:/nowhere/at/all.sock", { connectTimeoutMs: 500 });
    await expect(worker.open(hello)).rejects.toMatchObject({
      code: "E_WORKER_UNREACHABLE",
      message: expect.stringContaining("no worker answers at unix:/nowhere/at/all.sock"),
      hint: expect.stringContaining("python -m danas_worker"),
    });
  });

  it("is not there yet: it is tried until the time to connect is over", async () => {
    const first = await startFakeWorker({}, "127.0.0.1:0");
    await first.close();
    const opening = client(first.address, { connectTimeoutMs: 5_000 }).open(hello);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const worker = await startFakeWorker({}, first.address);
    cleanups.push(() => worker.close());
    expect((await opening).welcome.pid).toBe(4711);
  });

  it("is on another machine without encryption: refused before anything is sent", () => {
    expect(() => grpcWorker({ address: "gpu-7.example.org:50051" })).toThrow(
      expect.objectContaining({ code: "E_WORKER_PLAINTEXT" }),
    );
  });

  it("has certificates that cannot be read: told at once", () => {
    expect(() =>
      grpcWorker({ address: "gpu-7.example.org:50051", tls: { ca: "/no/ca.pem", cert: null, key: null } }),
    ).toThrow(expect.objectContaining({ code: "E_WORKER_TLS", message: expect.stringContaining("/no/ca.pem") }));
  });
});
