import type { Frame } from "../domain/telemetry.js";
import { Frame as WireFrame } from "../worker/generated/danas/v1/telemetry.js";

/** A frame as it is published: the topic (the run's name), and the message. */
export function encodeFrame(frame: Frame): [topic: string, message: Uint8Array] {
  const wire: WireFrame =
    frame.kind === "log"
      ? { run: frame.run, kind: { $case: "log", value: { level: frame.level, message: frame.message } } }
      : {
          run: frame.run,
          kind: { $case: "step", value: { ...frame, loss: frame.loss ?? undefined } },
        };
  return [frame.run, WireFrame.encode(wire).finish()];
}

/** @returns null for what is no frame that we know: telemetry is lossy anyway */
export function decodeFrame(message: Uint8Array): Frame | null {
  let wire: WireFrame;
  try {
    wire = WireFrame.decode(message);
  } catch {
    return null;
  }
  const { run, kind } = wire;
  if (kind?.$case === "log") {
    const { level, message: text } = kind.value;
    return { kind: "log", run, level: level === "warn" ? "warn" : "info", message: text };
  }
  if (kind?.$case !== "step") return null;
  const { loss, ...step } = kind.value;
  return { kind: "step", run, ...step, loss: loss ?? null };
}
