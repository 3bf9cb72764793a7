import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { NumberedJob } from "../domain/job.js";
import { grpcWorker } from "./grpc.js";
import type { Worker } from "./port.js";
import { type FakeWorker, startFakeWorker, trained } from "./testing/fake-worker.js";

/** A connection that breaks in the middle of a message, in whatever byte: each job is answered once, and run once. */

let fake: FakeWorker;
let worker: Worker | null = null;
let proxy: Server;
afterEach(async () => {
  await worker?.close();
  proxy.close();
  await fake.close();
});

/** forwards bytes to the worker and back, and breaks the connection once, after so many bytes of answers */
function breaking(target: number, after: number): Promise<number> {
  let broken = false;
  const open = new Set<Socket>();
  proxy = createServer((near) => {
    const far = dial(target, "127.0.0.1");
    let passed = 0;
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", end);
      socket.on("close", end);
    }
    near.on("data", (bytes) => far.write(bytes));
    far.on("data", (bytes) => {
      const left = after - passed;
      passed += bytes.length;
      if (broken || passed < after) {
        near.write(bytes);
        return;
      }
      broken = true;
      // the half that was sent must arrive before the end does
      near.write(bytes.subarray(0, left), end);
    });
  });
  return new Promise((resolve) => {
    proxy.listen(0, "127.0.0.1", () => resolve((proxy.address() as { port: number }).port));
  });
}

const train = (id: number): NumberedJob => ({
  id,
  job: {
    kind: "train",
    stream: "train",
    scope: "all",
    steps: [{ paths: [{ architecture: [0], weight: 1 }], learningRate: 0.1, batch: id }],
  },
});

// the first 60 bytes are HTTP/2's settings and the headers; the welcome and eight answers follow
it.each(Array.from({ length: 24 }, (_, index) => 40 + 31 * index))("after %i bytes of answers", async (after) => {
  fake = await startFakeWorker({ answer: ({ id }) => trained(id) }, "127.0.0.1:0");
  const port = await breaking(Number(fake.address.split(":").pop()), after);
  worker = grpcWorker({ address: `127.0.0.1:${port}`, connectTimeoutMs: 5_000, reconnectAfterMs: [10, 50, 200] });
  const session = await worker.open({ run: "a-run", runId: "1", incarnation: 1, runFolder: "/runs/a-run" });
  const answers = await Promise.all(Array.from({ length: 8 }, (_, id) => session.submit(train(id))));
  expect(answers.map((outcome) => outcome.ok && outcome.answer.jobId)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(fake.executed).toEqual(Array.from({ length: 8 }, (_, id) => `job-${id}`));
});
