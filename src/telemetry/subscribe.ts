import { Subscriber } from "zeromq";
import type { Frame } from "../domain/telemetry.js";
import type { CurveKeys } from "./curve.js";
import { decodeFrame } from "./frames.js";

/**
 * The frames of one run, as they come, until the signal is aborted. Any number of watchers may subscribe; none of them can
 * slow the worker down. With `curve` only frames from the holder of that server key are taken, encrypted.
 */
export async function* subscribeFrames(
  endpoint: string,
  run: string,
  signal: AbortSignal,
  curve?: CurveKeys,
): AsyncIterable<Frame> {
  if (signal.aborted) return;
  const socket = new Subscriber({
    receiveHighWaterMark: 100,
    linger: 0,
    ipv6: endpoint.includes("["),
    ...security(curve),
  });
  const close = () => socket.close();
  signal.addEventListener("abort", close);
  try {
    socket.connect(endpoint);
    socket.subscribe(run);
    for await (const [topic, message] of socket) {
      // ZeroMQ compares prefixes: "run" would also get the frames of "run-2"
      if (topic.toString() !== run || message === undefined) continue;
      const frame = decodeFrame(message);
      if (frame) yield frame;
    }
  } finally {
    signal.removeEventListener("abort", close);
    if (!socket.closed) socket.close();
  }
}

const security = (curve: CurveKeys | undefined) =>
  curve
    ? { curveServerKey: curve.serverKey, curvePublicKey: curve.publicKey, curveSecretKey: curve.secretKey }
    : undefined;
