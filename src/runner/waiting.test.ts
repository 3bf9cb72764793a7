import { describe, expect, it } from "vitest";
import { DanasError } from "../domain/errors.js";
import type { Hello, Worker, WorkerSession } from "../worker/port.js";
import { openPatiently, Stopped } from "./waiting.js";

const hello: Hello = { run: "a-run", runId: "1", incarnation: 2, runFolder: "/nowhere" };
const session = { close: async () => {} } as WorkerSession;
const absent = () =>
  new DanasError("E_WORKER_UNREACHABLE", "no worker answers at node-7:50051: refused", { exitCode: 1 });

/** does not answer the first `times` times */
function missing(times: number, error: () => Error = absent): Worker & { readonly asked: () => number } {
  let asked = 0;
  return {
    kind: "grpc",
    open: async () => {
      if (asked++ < times) throw error();
      return session;
    },
    close: async () => {},
    asked: () => asked,
  };
}

const patience = (patienceMs: number, notices: string[] = []) => ({
  clock: { now: () => performance.now() },
  signal: new AbortController().signal,
  patienceMs,
  onNotice: (message: string) => void notices.push(message),
});

describe("a worker that served this run and is gone", () => {
  it("is asked again until it is back, and the person hears of it once", async () => {
    const worker = missing(2);
    const notices: string[] = [];
    expect(await openPatiently(worker, hello, patience(60_000, notices))).toBe(session);
    expect(worker.asked()).toBe(3);
    expect(notices).toEqual(["no worker answers at node-7:50051: refused; asking again for 1 min"]);
  });

  it("is given up after a while: the run can be resumed", async () => {
    const opening = openPatiently(missing(Number.POSITIVE_INFINITY), hello, patience(300));
    await expect(opening).rejects.toMatchObject({
      code: "E_WORKER_LOST",
      exitCode: 75,
      message: expect.stringContaining("did not come back within 0.3 s: no worker answers at node-7"),
      hint: expect.stringContaining("danas resume"),
    });
  });

  it("is not asked again where it answers and refuses", async () => {
    const refusal = () => new DanasError("E_WORKER_FENCED", "a later start owns it", { exitCode: 1 });
    const worker = missing(1, refusal);
    await expect(openPatiently(worker, hello, patience(60_000))).rejects.toMatchObject({ code: "E_WORKER_FENCED" });
    expect(worker.asked()).toBe(1);
  });

  it("is waited for no longer once the person stops the run", async () => {
    const stop = new AbortController();
    const opening = openPatiently(missing(Number.POSITIVE_INFINITY), hello, {
      ...patience(60_000),
      signal: stop.signal,
    });
    stop.abort();
    await expect(opening).rejects.toBeInstanceOf(Stopped);
  });
});

it("a worker that was never there is a mistake, told at once", async () => {
  const worker = missing(1);
  await expect(openPatiently(worker, hello, patience(0))).rejects.toMatchObject({ code: "E_WORKER_UNREACHABLE" });
  expect(worker.asked()).toBe(1);
});
