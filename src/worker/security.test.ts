import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificates } from "../cli/certificates.js";
import { danas } from "../cli/testing/harness.js";
import type { Frame } from "../domain/telemetry.js";
import { type CurveKeys, makeKeyPair } from "../telemetry/curve.js";
import { subscribeFrames } from "../telemetry/subscribe.js";
import { type GrpcOptions, grpcWorker } from "./grpc.js";
import { localWorker } from "./local.js";
import type { Hello, WorkerSession } from "./port.js";
import { startFakeWorker, trained } from "./testing/fake-worker.js";
import { until } from "./testing/processes.js";
import { type RemoteWorker, startRemoteWorker } from "./testing/remote-worker.js";

/** A worker as on another machine: a real one, in Python, behind TLS on both sides and a token. */

let folder: string;
let worker: RemoteWorker;
let token: string;
const at = (path: string): string => join(folder, path);
const hello = (): Hello => ({ run: "a", runId: "a-1", incarnation: 1, runFolder: at("here") });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "danas-tls-"));
  // what belongs to another worker looks just like ours
  for (const name of ["tls", "other"]) {
    const { code, err } = await danas(folder, ["worker", "init-tls", name, "--host", "127.0.0.1"]);
    expect([code, err]).toEqual([0, ""]);
  }
  token = readFileSync(at("tls/token"), "utf8").trim();
  worker = await startRemoteWorker(
    [
      ...["--listen", "127.0.0.1:0", "--telemetry", "tcp://0.0.0.0:*", "--run-folder", at("runs")],
      ...[
        "--tls-cert",
        at("tls/worker.pem"),
        "--tls-key",
        at("tls/worker-key.pem"),
        "--tls-client-ca",
        at("tls/ca.pem"),
      ],
      ...["--token-env", "DANAS_TOKEN"],
    ],
    { DANAS_TOKEN: token },
  );
}, 60_000);

afterAll(async () => {
  await worker?.close();
  rmSync(folder, { recursive: true, force: true });
});

const ours = () => ({ ca: at("tls/ca.pem"), cert: at("tls/client.pem"), key: at("tls/client-key.pem") });

async function opened(options: Partial<GrpcOptions>): Promise<WorkerSession> {
  const adapter = grpcWorker({ address: worker.address, connectTimeoutMs: 1_500, ...options });
  return adapter.open(hello());
}

const inspect = {
  kind: "inspect",
  data: {
    source: { kind: "synthetic", perClass: 4, noise: 0.1 },
    input: { channels: 3, height: 8, width: 8 },
    classes: 2,
    validFraction: 0.25,
    testFraction: 0.25,
    splitSeed: 1,
    onDevice: "auto",
  },
} as const;

describe("a worker behind TLS, a client CA and a token", () => {
  it("works for who has a certificate and the token", async () => {
    const session = await opened({ tls: ours(), token });
    const outcome = await session.submit({ id: 0, job: inspect });
    expect(outcome).toMatchObject({ ok: true, answer: { signal: { kind: "inspect" } } });
    await session.close();
  });

  const refusals: readonly (readonly [string, () => Partial<GrpcOptions>, string, RegExp])[] = [
    ["a wrong token", () => ({ tls: ours(), token: "x".repeat(43) }), "E_WORKER_TOKEN", /does not accept the token/],
    ["no token", () => ({ tls: ours() }), "E_WORKER_TOKEN", /the token is missing or wrong/],
    [
      "another CA than the worker's",
      () => ({ tls: { ...ours(), ca: at("other/ca.pem") }, token }),
      "E_WORKER_TLS_CA",
      /shows a certificate that .*other\/ca\.pem did not sign/,
    ],
    [
      "no client certificate",
      () => ({ tls: { ca: at("tls/ca.pem"), cert: null, key: null }, token }),
      "E_WORKER_TLS_CLIENT",
      /asks for a client certificate, and none is set/,
    ],
    [
      "a client certificate of another CA",
      () => ({ tls: { ...ours(), cert: at("other/client.pem"), key: at("other/client-key.pem") }, token }),
      "E_WORKER_TLS_CLIENT",
      /does not accept our certificate .*other\/client\.pem/,
    ],
    [
      "a worker's certificate for a client's",
      () => ({ tls: { ...ours(), cert: at("tls/worker.pem"), key: at("tls/worker-key.pem") }, token }),
      "E_WORKER_TLS_CLIENT",
      /does not accept our certificate .*tls\/worker\.pem/,
    ],
    ["no TLS", () => ({ token }), "E_WORKER_TLS", /speaks TLS, and worker\.tls is not set/],
  ];
  it.each(refusals)("is closed to who has %s, and says so", async (_, options, code, words) => {
    const refused = opened(options());
    await expect(refused).rejects.toMatchObject({ code, exitCode: 1, message: expect.stringMatching(words) });
    const { message, hint } = (await refused.catch((error) => error)) as { message: string; hint: string };
    expect(hint).toMatch(/\w{4}/);
    expect(message + hint).not.toContain(token);
  });

  it("is not taken for a worker of another name, or out of its time", async () => {
    const hour = 3_600_000;
    const now = Date.now();
    const dates = (from: number, until: number) => ({ from: new Date(now + from), until: new Date(now + until) });
    const cases = [
      ["E_WORKER_TLS_NAME", { hosts: ["gpu-7.example.org"], ...dates(-hour, hour) }],
      ["E_WORKER_TLS_EXPIRED", { hosts: ["127.0.0.1"], ...dates(-2 * hour, -hour) }],
      ["E_WORKER_TLS_EXPIRED", { hosts: ["127.0.0.1"], ...dates(hour, 2 * hour) }],
    ] as const;
    for (const [code, wanted] of cases) {
      const { ca, worker: cert, workerKey } = await makeCertificates(wanted);
      const { ServerCredentials } = await import("@grpc/grpc-js");
      const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(workerKey) };
      const fake = await startFakeWorker({}, "127.0.0.1:0", ServerCredentials.createSsl(null, [pair]));
      writeFileSync(at("ca.pem"), ca);
      const tls = { ca: at("ca.pem"), cert: null, key: null };
      await expect(opened({ address: fake.address, tls })).rejects.toMatchObject({ code });
      expect(fake.received, "nothing was said to it, least of all the token").toEqual([]);
      await fake.close();
    }
  });

  it("is asked for TLS where it speaks none: said, and no token sent", async () => {
    const fake = await startFakeWorker({}, "127.0.0.1:0");
    const refused = opened({ address: fake.address, tls: ours(), token });
    await expect(refused).rejects.toMatchObject({ code: "E_WORKER_TLS", message: expect.stringMatching(/speak TLS/) });
    expect(fake.tokens).toEqual([]);
    await fake.close();
  });

  it("is not reached with a certificate and a key that do not belong together", async () => {
    const tls = { ...ours(), key: at("tls/worker-key.pem") };
    await expect(opened({ tls, token })).rejects.toMatchObject({ code: "E_WORKER_TLS", exitCode: 2 });
  });
});

describe("its telemetry, which other hosts can reach", () => {
  it("is read by who was welcomed, and by nobody else", async () => {
    const session = await opened({ tls: ours(), token });
    const { telemetry, curve } = session.welcome;
    expect(telemetry).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    const stop = new AbortController();
    const watch = (keys?: CurveKeys): Frame[] => {
      const frames: Frame[] = [];
      void (async () => {
        for await (const frame of subscribeFrames(telemetry, "a", stop.signal, keys)) frames.push(frame);
      })();
      return frames;
    };
    const strangers = [watch(), watch({ ...curve!, ...makeKeyPair()! })];
    const seen = watch(curve);
    let id = 100;
    // a job that fails is a warning in the worker's log, and that is a frame
    const data = { ...inspect.data, source: { kind: "folder", root: at("nowhere") } } as const;
    const work = async () => void (await session.submit({ id: id++, job: { kind: "inspect", data } }));
    for (const deadline = Date.now() + 20_000; seen.length === 0 && Date.now() < deadline; ) await work();
    // the strangers had as long as we had, and get some jobs more
    for (let more = 0; more < 20; more++) await work();
    await until(() => seen.length > 10);
    expect(strangers.map((frames) => frames.length)).toEqual([0, 0]);
    stop.abort();
    await session.close();
  }, 40_000);
});

describe("a local worker", () => {
  it("is reached through sockets that only their owner can open, in a folder that only they can enter", async () => {
    const local = localWorker();
    try {
      const { telemetry, curve } = (await local.open({ ...hello(), runFolder: at("local") })).welcome;
      expect(curve, "nobody else is there to read it").toBeUndefined();
      const place = dirname(telemetry.replace(/^ipc:\/\//, ""));
      const mode = (path: string) => statSync(path).mode & 0o777;
      expect(mode(place)).toBe(0o700);
      expect(readdirSync(place).sort()).toEqual(["telemetry.sock", "worker.sock"]);
      for (const name of readdirSync(place)) expect(mode(join(place, name)), name).toBe(0o600);
      expect(mode(at("local/worker.log"))).toBe(0o600);
    } finally {
      await local.close();
    }
  }, 60_000);
});

describe("a message above the limit", () => {
  it("is not sent: the session is lost, said and not tried again", async () => {
    const fake = await startFakeWorker();
    const session = await grpcWorker({ address: fake.address, reconnectAfterMs: [1, 1, 1] }).open(hello());
    const source = { kind: "folder", root: "x".repeat(64 * 1024 * 1024) } as const;
    const job = { ...inspect, data: { ...inspect.data, source } };
    await expect(session.submit({ id: 0, job })).rejects.toThrow(/larger/);
    expect([fake.hellos, fake.executed]).toEqual([1, []]);
    await fake.close();
  }, 20_000);

  it("is not taken in: the session is lost, said and not asked for again", async () => {
    const big = "x".repeat(64 * 1024 * 1024);
    const fake = await startFakeWorker({
      answer: ({ id }) => ({
        ...trained(id),
        answer: { $case: "failure", value: { code: "data", message: big, hint: "", step: null } },
      }),
    });
    const session = await grpcWorker({ address: fake.address, reconnectAfterMs: [1, 1, 1] }).open(hello());
    await expect(session.submit({ id: 0, job: inspect })).rejects.toThrow(/larger than/);
    expect(fake.hellos).toBe(1);
    await fake.close();
  }, 20_000);
});
