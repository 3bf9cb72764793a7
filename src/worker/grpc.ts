import { Client, type ClientDuplexStream, credentials, Metadata, status } from "@grpc/grpc-js";
import { DanasError } from "../domain/errors.js";
import { isLocalAddress } from "../util/address.js";
import { ToWorker, WorkerDefinition } from "../wire/generated/danas/v1/worker.js";
import { type Connect, type Link, type LinkEnd, readMessage } from "./link.js";
import type { Hello, Worker, WorkerSession } from "./port.js";
import { defaultJobTimeoutMs, openSession } from "./session.js";
import { channelSecurity, readSecurity, speaksTls, type TlsFiles, tlsTrouble } from "./tls.js";
import { type Watching, watchingFrom } from "./watching.js";

export interface GrpcOptions {
  /** `unix:/path` or `host:port` */
  readonly address: string;
  /** PEM files. Without, plaintext: only for a Unix socket or loopback. */
  readonly tls?: TlsFiles | null;
  /** sent as `authorization: Bearer …` */
  readonly token?: string | null;
  /** until the worker must have answered the hello */
  readonly connectTimeoutMs?: number;
  readonly heartbeat?: { readonly everyMs: number; readonly timeoutMs: number };
  readonly reconnectAfterMs?: readonly number[];
  /** longest that one job may take */
  readonly jobTimeoutMs?: number;
}

/** jobs of thousands of steps and gates of large spaces; far above what a search sends */
const maxMessageBytes = 64 * 1024 * 1024;

export const defaultHeartbeat = { everyMs: 5_000, timeoutMs: 60_000 } as const;

export const defaultReconnectAfterMs = [50, 500, 2_000, 5_000];

/** A worker that someone else started: by hand, torchrun, Slurm or Kubernetes. */
export function grpcWorker(options: GrpcOptions): Worker {
  checkPlaintext(options);
  const connect = grpcConnect(options); // reads the certificates: a missing file is told now, not in an hour
  let session: WorkerSession | null = null;
  const unix = options.address.startsWith("unix:");
  return {
    kind: "grpc",
    async open(hello: Hello) {
      await checkHandshake(options);
      const opening = openSession(hello, {
        connect,
        ...(unix ? {} : { watching: await watching(options.address) }),
        name: options.address,
        welcomeTimeoutMs: options.connectTimeoutMs ?? 15_000,
        heartbeat: options.heartbeat ?? defaultHeartbeat,
        reconnectAfterMs: options.reconnectAfterMs ?? defaultReconnectAfterMs,
        jobTimeoutMs: options.jobTimeoutMs ?? defaultJobTimeoutMs,
      });
      const opened = await opening.catch(async (error) => Promise.reject(await betterWord(error, options)));
      session = opened;
      return opened;
    },
    async close() {
      await session?.close();
    },
  };
}

/** @throws DanasError E_WORKER_TLS_…: certificates that will not do, however often they are tried */
async function checkHandshake({ address, tls }: GrpcOptions): Promise<void> {
  const trouble = tls ? await tlsTrouble(address, readSecurity(address, tls)) : null;
  if (trouble) throw trouble;
}

/** plaintext spoken to a worker that wants TLS looks as if nobody was there */
async function betterWord(error: unknown, { address, tls }: GrpcOptions): Promise<unknown> {
  const asked = error instanceof DanasError && error.code === "E_WORKER_UNREACHABLE" && !tls;
  if (!asked || address.startsWith("unix:") || !(await speaksTls(address))) return error;
  return new DanasError("E_WORKER_TLS", `the worker at ${address} speaks TLS, and worker.tls is not set`, {
    hint: "set worker.tls: ca, and cert with key where the worker asks for them",
    exitCode: 1,
  });
}

/** with keys of this session alone; where ZeroMQ does not load, nothing is watched: telemetry is for the eyes only */
async function watching(address: string): Promise<Watching> {
  const pair = await import("../telemetry/curve.js").then(({ makeKeyPair }) => makeKeyPair()).catch(() => null);
  return watchingFrom(address, isLocalAddress(address), pair);
}

/**
 * One bidirectional stream on a channel of its own. Written on grpc-js itself: the session wants every message at once and
 * in order, so an iterable on top would only be taken apart again.
 */
export function grpcConnect(options: Pick<GrpcOptions, "address" | "tls" | "token">): Connect {
  const security = options.tls
    ? channelSecurity(readSecurity(options.address, options.tls))
    : { credentials: credentials.createInsecure(), options: {} };
  return (handlers) => {
    let over = false;
    const client = new Client(options.address, security.credentials, {
      ...security.options,
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": maxMessageBytes,
      // a link that broke is given up whole: the next one must not find the old one's backoff
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      ...(isLocalAddress(options.address) ? { "grpc.enable_http_proxy": 0 } : {}),
    });
    const metadata = new Metadata();
    if (options.token) metadata.set("authorization", `Bearer ${options.token}`);
    const stream: ClientDuplexStream<ToWorker, Buffer> = client.makeBidiStreamRequest(
      `/${WorkerDefinition.fullName}/${WorkerDefinition.methods.session.name}`,
      (message) => Buffer.from(ToWorker.encode(message).finish()),
      (bytes) => bytes,
      metadata,
    );
    const ended = new Promise<void>((resolve) => stream.once("status", () => resolve()));
    const end = (how: LinkEnd) => {
      if (over) return;
      over = true;
      client.close();
      handlers.onEnd(how);
    };
    stream.on("data", (bytes) => {
      if (!over) readMessage(bytes, handlers, end);
    });
    stream.on("error", (error) => end(endOf(error)));
    stream.on("end", () => end({ reason: "the worker ended the stream", again: true }));

    const link: Link = {
      send(message) {
        if (!over) stream.write(message);
      },
      async close(how) {
        const already = over;
        over = true;
        if (already) return;
        if (how === "goodbye") {
          stream.end({ message: { $case: "goodbye", value: {} } });
          await Promise.race([ended, waited(goodbyeMs)]);
        }
        stream.cancel();
        client.close();
      },
    };
    return link;
  };
}

/** how long a worker in the middle of a step has to take leave */
const goodbyeMs = 1_000;

const waited = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());

function endOf(error: Error & { code?: number; details?: string }): LinkEnd {
  const reason = (error.details || error.message).replace(/\s*Resolution note:\s*$/, "");
  // grpc-js has no code of its own for it; a certificate does not get better by trying again
  if (/certificate/i.test(reason)) return { reason, again: false, code: "tls" };
  // nor does a message get shorter
  if (error.code === status.RESOURCE_EXHAUSTED && /larger than/.test(reason)) return { reason, again: false };
  switch (error.code) {
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return { reason, again: false, code: "token" };
    case status.UNIMPLEMENTED:
      return { reason: "what answers is no danas worker", again: false, code: "unreachable" };
    default:
      return { reason, again: true, code: "unreachable" };
  }
}

// ---- addresses and secrets ------------------------------------------------------------------------------------------

/** Weights and a person's data paths go over this wire: in the open only where nobody else listens. */
function checkPlaintext({ address, tls }: GrpcOptions): void {
  if (tls || isLocalAddress(address)) return;
  throw new DanasError("E_WORKER_PLAINTEXT", `${address} is another machine, and the connection is not encrypted`, {
    hint: "set worker.tls (ca, and cert with key for both sides), or tunnel: ssh -L 50051:localhost:50051",
  });
}
