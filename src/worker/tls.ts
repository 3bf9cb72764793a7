import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  type SecureContext,
} from "node:tls";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { DanasError } from "../domain/errors.js";

/** PEM files; with `cert` and `key` we show who we are, too */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string | null;
  readonly key: string | null;
}

/**
 * What is read of the files, and whom we mean to reach: made once, so that a missing file is told now and not in an hour.
 */
export interface Security {
  readonly context: SecureContext;
  readonly files: TlsFiles;
  /** of `host:port`, without the brackets of IPv6 */
  readonly host: string;
  readonly port: number;
}

/** @throws DanasError E_WORKER_TLS: files that cannot be read, are no PEM or do not belong together */
export function readSecurity(address: string, files: TlsFiles): Security {
  const [ca, cert, key] = [files.ca, files.cert, files.key].map((path) => (path === null ? undefined : readPem(path)));
  try {
    const context = createSecureContext({ ca, cert, key, minVersion: "TLSv1.2" });
    return { context, files, ...splitAddress(address) };
  } catch (error) {
    const named = [files.ca, files.cert, files.key].filter((path) => path !== null).join(", ");
    throw new DanasError("E_WORKER_TLS", `${named} are no certificates to use: ${(error as Error).message}`, {
      hint: "worker.tls names PEM files: ca, and a cert with the key that belongs to it",
      cause: error,
    });
  }
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(colon + 1)) };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DanasError("E_WORKER_TLS", `cannot read ${path}: ${(error as Error).message}`, {
      hint: "worker.tls names PEM files: ca, and for a client certificate cert and key",
      cause: error,
    });
  }
}

/** gRPC's words for it */
export function channelSecurity({ context, host }: Security): { credentials: ChannelCredentials; options: object } {
  if (!isIP(host)) return { credentials: credentials.createFromSecureContext(context), options: {} };
  // grpc-js names the host in the handshake, which TLS forbids for an address (Node warns on standard error); so
  // another is named, which our certificates have too, and what is checked is the address all the same
  const verify = {
    checkServerIdentity: (_: string, cert: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(host, cert),
  };
  return {
    credentials: credentials.createFromSecureContext(context, verify),
    options: { "grpc.ssl_target_name_override": "localhost" },
  };
}

/** a worker on the other side of the earth has answered by then, or is asked again by gRPC */
const handshakeMs = 5_000;

const onceMoreAfterMs = 300;

/**
 * Shakes hands once before gRPC does, whose words for a refusal are "failed to connect", again and again.
 * @returns what is wrong for good; null where nothing is, or where nobody answers (yet)
 */
export async function tlsTrouble(address: string, security: Security): Promise<DanasError | null> {
  const { context, host, port, files } = security;
  const shake = () => shakeHands({ host, port, secureContext: context });
  let shaken = await shake();
  if (shaken.secure && shaken.error && !/ALERT/.test(shaken.error.code ?? "")) {
    // a refusal, or a worker that died just then: the second time is no coincidence
    await new Promise((resolve) => setTimeout(resolve, onceMoreAfterMs));
    shaken = await shake();
  }
  const { error, secure } = shaken;
  if (error === null) return null;
  const trouble = (code: string, message: string, hint: string) => new DanasError(code, message, { hint, exitCode: 1 });
  const kind = error.code ?? "";
  if (kind === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = (error as { cert?: { subjectaltname?: string } }).cert?.subjectaltname;
    return trouble(
      "E_WORKER_TLS_NAME",
      `the worker at ${address} shows a certificate for other names${names ? `: ${names}` : ""}`,
      "use one of them in worker.address, or make certificates for this one: danas worker init-tls --host",
    );
  }
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(kind)) {
    return trouble(
      "E_WORKER_TLS_EXPIRED",
      `the worker at ${address} shows a certificate that is not valid now: ${error.message}`,
      "look at both machines' clocks; `danas worker init-tls` in a new folder makes new certificates",
    );
  }
  if (/CERT|LEAF_SIGNATURE|ISSUER/.test(kind) && !/ALERT/.test(kind)) {
    return trouble(
      "E_WORKER_TLS_CA",
      `the worker at ${address} shows a certificate that ${files.ca} did not sign: ${error.message}`,
      "worker.tls.ca must be the ca.pem that was made together with the worker's certificate",
    );
  }
  // in TLS 1.3 a client is done before the other side has looked at its certificate: the refusal comes afterwards
  if (secure || /ALERT_(CERTIFICATE|UNKNOWN_CA|BAD_CERT|HANDSHAKE)/.test(kind)) {
    return files.cert === null
      ? trouble(
          "E_WORKER_TLS_CLIENT",
          `the worker at ${address} asks for a client certificate, and none is set`,
          "set worker.tls.cert and worker.tls.key: client.pem and client-key.pem of `danas worker init-tls`",
        )
      : trouble(
          "E_WORKER_TLS_CLIENT",
          `the worker at ${address} does not accept our certificate ${files.cert}: ${error.message}`,
          "it must be signed by the CA that the worker has as --tls-client-ca, for use by clients, and be valid now",
        );
  }
  if (/WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST|UNKNOWN_PROTOCOL/.test(kind)) {
    return trouble(
      "E_WORKER_TLS",
      `what answers at ${address} does not speak TLS`,
      "start the worker with --tls-cert and --tls-key, or leave worker.tls out for a worker on this machine",
    );
  }
  return null;
}

/** whether TLS is spoken there, where we did not */
export async function speaksTls(address: string): Promise<boolean> {
  // nothing is sent, and whoever it is, nothing is believed
  const { error, secure } = await shakeHands({ ...splitAddress(address), rejectUnauthorized: false });
  return secure || /ALERT/.test(error?.code ?? "");
}

interface Shaken {
  /** null: nothing was wrong, or time was up */
  readonly error: NodeJS.ErrnoException | null;
  /** our half of the handshake was done */
  readonly secure: boolean;
}

/** A handshake, and a moment more: until the other side says its first word (gRPC: its settings) or takes leave. */
function shakeHands(options: ConnectionOptions & { host: string; port: number }): Promise<Shaken> {
  return new Promise((resolve) => {
    let secure = false;
    const socket = connect({
      ...options,
      ...(isIP(options.host) ? {} : { servername: options.host }),
      ALPNProtocols: ["h2"],
    });
    const end = (error: NodeJS.ErrnoException | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ error, secure });
    };
    const timer = setTimeout(() => end(null), handshakeMs);
    socket.once("secureConnect", () => {
      secure = true;
    });
    socket.once("data", () => end(null));
    socket.on("error", end); // may come twice; the first counts
    socket.once("close", () => end(new Error("it ended the connection")));
  });
}
