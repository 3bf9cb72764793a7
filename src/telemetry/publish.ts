import { Publisher } from "zeromq";
import type { Frame } from "../domain/telemetry.js";
import { encodeFrame } from "./frames.js";

export interface FramePublisher {
  /** where it can be subscribed to: a `*` for the port is resolved */
  readonly endpoint: string;
  /** Never waits and never throws; what nobody takes is dropped. */
  send(frame: Frame): void;
  close(): void;
}

/** Publishes telemetry at a ZeroMQ endpoint, e.g. `tcp://127.0.0.1:*` or `ipc:///path`. */
export async function publishFrames(endpoint: string): Promise<FramePublisher> {
  const socket = new Publisher({ sendHighWaterMark: 100, linger: 0 });
  await socket.bind(endpoint);
  // zeromq allows one send at a time; a frame that comes meanwhile takes the place of the one that waits
  let sending = false;
  let waiting: Frame | null = null;
  const send = (frame: Frame): void => {
    if (socket.closed) return;
    if (sending) {
      waiting = frame;
      return;
    }
    sending = true;
    socket
      .send(encodeFrame(frame))
      .catch(() => undefined)
      .finally(() => {
        sending = false;
        const next = waiting;
        waiting = null;
        if (next) send(next);
      });
  };
  return {
    endpoint: socket.lastEndpoint ?? endpoint,
    send,
    close: () => socket.close(),
  };
}
