import { describe, expect, it } from "vitest";
import { makeKeyPair } from "../telemetry/curve.js";
import { watchingFrom } from "./watching.js";

const pair = makeKeyPair()!;
const serverKey = makeKeyPair()!.publicKey;
const curve = { ...pair, serverKey };

describe("telemetry is watched", () => {
  const local = watchingFrom("127.0.0.1:7777", true, pair);
  const remote = watchingFrom("gpu-7.example.org:7777", false, pair);

  it("in the clear on this machine", () => {
    for (const telemetry of ["ipc:///run/t", "tcp://127.0.0.1:7778"])
      expect(local.reach({ telemetry, telemetryKey: "" })).toEqual({ telemetry });
  });

  it("never in the clear from another machine, whatever that says", () => {
    for (const telemetry of [
      "ipc:///run/t",
      "tcp://127.0.0.1:7778",
      "tcp://0.0.0.0:7778",
      "tcp://gpu-7.example.org:7778",
    ])
      expect(remote.reach({ telemetry, telemetryKey: "" })).toEqual({ telemetry: "" });
  });

  it("at the host that gRPC speaks to, not at one that the worker names", () => {
    for (const host of ["0.0.0.0", "[::]", "10.0.0.7", "victim.example.org"])
      expect(remote.reach({ telemetry: `tcp://${host}:7778`, telemetryKey: serverKey })).toEqual({
        telemetry: "tcp://gpu-7.example.org:7778",
        curve,
      });
    expect(
      watchingFrom("[fe80::7]:7777", false, pair).reach({ telemetry: "tcp://[::]:1", telemetryKey: serverKey }),
    ).toEqual({ telemetry: "tcp://[fe80::7]:1", curve });
  });

  it("through loopback where the worker listens everywhere on this machine", () => {
    expect(local.reach({ telemetry: "tcp://0.0.0.0:7778", telemetryKey: serverKey })).toEqual({
      telemetry: "tcp://127.0.0.1:7778",
      curve,
    });
  });

  it("not at all where there is none, no key of ours, or one of theirs that is none", () => {
    const none = { telemetry: "" };
    expect(remote.reach({ telemetry: "", telemetryKey: serverKey })).toEqual(none);
    expect(remote.reach({ telemetry: "tcp://*:1", telemetryKey: "x".repeat(39) })).toEqual(none);
    expect(remote.reach({ telemetry: "tcp://*:1", telemetryKey: `${"x".repeat(39)}\n` })).toEqual(none);
    expect(remote.reach({ telemetry: "ipc:///t", telemetryKey: serverKey })).toEqual(none);
    const without = watchingFrom("gpu-7:7777", false, null);
    expect(without.publicKey).toBe("");
    expect(without.reach({ telemetry: "tcp://*:1", telemetryKey: serverKey })).toEqual(none);
  });
});
