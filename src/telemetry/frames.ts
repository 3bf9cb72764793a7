import type { Frame } from "../domain/telemetry.js";
import { Frame as WireFrame } from "../wire/generated/danas/v1/telemetry.js";
import { fromWire, toWire } from "../wire/words.js";

/** A frame as it is published: the topic (the run's name), and the message. */
export const encodeFrame = (frame: Frame): [topic: string, message: Uint8Array] => [
  frame.run,
  WireFrame.encode(toWire<WireFrame>(frame)).finish(),
];

/** @returns null for what is no frame that we know: telemetry is lossy anyway */
export function decodeFrame(message: Uint8Array): Frame | null {
  try {
    const frame: WireFrame = WireFrame.decode(message);
    return frame.news && fromWire(frame);
  } catch {
    return null;
  }
}
