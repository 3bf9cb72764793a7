import type { CurveKeys, KeyPair } from "../telemetry/curve.js";
import type { Welcome as WireWelcome } from "../wire/generated/danas/v1/worker.js";

/** How a session's telemetry is watched from this machine. */
export interface Watching {
  /** told in the hello: whom the worker lets in */
  readonly publicKey: string;
  /** where and with which keys, by what the worker says of itself; an empty endpoint = not at all */
  reach(welcome: Pick<WireWelcome, "telemetry" | "telemetryKey">): Reached;
}

interface Reached {
  readonly telemetry: string;
  readonly curve?: CurveKeys;
}

const none: Reached = { telemetry: "" };

/** 32 bytes in Z85 */
const key = /^[0-9A-Za-z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/;

/**
 * Watching a worker that gRPC reaches at `address`. Frames from another machine are taken only encrypted, and only from the
 * host that gRPC speaks to: what a worker says of its own address (0.0.0.0, a name inside its cluster) means
 * nothing here.
 * @param pair ours, of this session; null = this libzmq has no CURVE
 */
export function watchingFrom(address: string, local: boolean, pair: KeyPair | null): Watching {
  const reach = ({ telemetry, telemetryKey }: Parameters<Watching["reach"]>[0]): Reached => {
    if (telemetry === "") return none;
    if (telemetryKey === "") return local ? { telemetry } : none;
    const [, host, port] = /^tcp:\/\/(.+):(\d+)$/.exec(telemetry) ?? [];
    if (host === undefined || pair === null || !key.test(telemetryKey)) return none;
    return {
      telemetry: `tcp://${local ? ourWordFor(host) : address.slice(0, address.lastIndexOf(":"))}:${port}`,
      curve: { ...pair, serverKey: telemetryKey },
    };
  };
  return { publicKey: pair?.publicKey ?? "", reach };
}

/** "any of mine" is a place to listen at, not one to go to */
const ourWordFor = (host: string): string => (host === "0.0.0.0" || host === "[::]" ? "127.0.0.1" : host);
