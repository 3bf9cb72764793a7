import { describe, expect, it } from "vitest";
import type { Frame } from "../domain/telemetry.js";
import { decodeFrame, encodeFrame } from "./frames.js";
import { publishFrames } from "./publish.js";
import { subscribeFrames } from "./subscribe.js";

const step = (run: string, jobId = 3, loss: number | null = 1.5): Frame => ({
  run,
  news: {
    ...{ kind: "step", jobId, job: "train", step: 4, steps: 10, loss, samplesPerSecond: 2000 },
    ...{ dataMs: 0.5, computeMs: 20, waitMs: 0.25, memoryBytes: 2 ** 33 },
  },
});

describe("frames", () => {
  it("come back from the wire as they were", () => {
    const frames: Frame[] = [
      step("a"),
      step("a", 3, null),
      { run: "a", news: { kind: "log", level: "warn", message: "hot" } },
    ];
    for (const frame of frames) expect(decodeFrame(encodeFrame(frame)[1])).toEqual(frame);
  });

  it("that are garbage are dropped", () => {
    expect(decodeFrame(new Uint8Array([255, 255, 255, 1]))).toBeNull();
    expect(decodeFrame(new Uint8Array())).toBeNull();
  });
});

describe("a subscriber", () => {
  it("gets the frames of its run and of no run whose name begins alike, until it is aborted", async () => {
    const publisher = await publishFrames("tcp://127.0.0.1:*");
    const stop = new AbortController();
    const seen: Frame[] = [];
    const reading = (async () => {
      for await (const frame of subscribeFrames(publisher.endpoint, "run", stop.signal)) {
        seen.push(frame);
        if (frame.news.kind === "step" && frame.news.jobId === 99) stop.abort();
      }
    })();
    // a subscription takes a moment to arrive: what is published before is lost, as telemetry may be
    const pulse = setInterval(() => {
      publisher.send(step("run-2"));
      setImmediate(() => publisher.send(step("run", seen.length > 3 ? 99 : 1)));
    }, 5);
    await reading;
    clearInterval(pulse);
    publisher.close();
    expect(seen.length).toBeGreaterThan(3);
    expect(new Set(seen.map((frame) => frame.run))).toEqual(new Set(["run"]));
  });

  it("that is aborted before it begins ends at once", async () => {
    const frames: Frame[] = [];
    for await (const frame of subscribeFrames("tcp://127.0.0.1:1", "run", AbortSignal.abort())) frames.push(frame);
    expect(frames).toEqual([]);
  });
});
