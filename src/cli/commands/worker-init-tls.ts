import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isIP, isIPv6 } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { DanasError } from "../../domain/errors.js";
import { quoted } from "../../story/commands.js";
import type { Io } from "../io.js";

export interface InitTlsOptions {
  /** names and addresses that the worker will be reached by; the first one goes into the config */
  readonly host: readonly string[];
  readonly port: number;
  readonly days: number;
}

export const tlsFiles = {
  ca: "ca.pem",
  worker: "worker.pem",
  workerKey: "worker-key.pem",
  client: "client.pem",
  clientKey: "client-key.pem",
  token: "token",
} as const;

/** the worker's own machine, whatever it is called: for a tunnel, and for looking at it there */
const always = ["localhost", "127.0.0.1", "::1"];

const maxDays = 3650;

const dayMs = 86_400_000;

/** a clock that is a little behind must not find the certificates to be of the future */
const backdatedMs = 3_600_000;

/**
 * `danas worker init-tls FOLDER --host …`: all that a worker on another machine needs to be reached by us and by nobody
 * else. The token is written to a file and printed nowhere.
 */
export async function initTls(folder: string, { host, port, days }: InitTlsOptions, io: Io): Promise<number> {
  const hosts = host.map(checkedHost);
  if (hosts.length === 0) {
    throw new DanasError("E_TLS_HOST", "no host is named", {
      hint: "--host NAME_OR_ADDRESS, as the config will name it; several may be given",
    });
  }
  if (days < 1 || days > maxDays) {
    throw new DanasError("E_TLS_DAYS", `certificates are made for 1 to ${maxDays} days, not ${days}`, {
      hint: "a year is the default",
    });
  }
  if (port < 1 || port > 65_534) {
    throw new DanasError("E_TLS_PORT", `${port} is no port`, {
      hint: "from 1 to 65534: telemetry takes the one after",
    });
  }
  const full = resolve(io.cwd, folder);
  checkFree(full, folder);
  const now = Date.now();
  const until = new Date(now + days * dayMs);
  const names = [...new Set([...hosts, ...always])];
  const { makeCertificates } = await import("../certificates.js");
  const made = await makeCertificates({ hosts: names, from: new Date(now - backdatedMs), until });
  writeAll(full, { ...made, token: `${randomBytes(32).toString("base64url")}\n` });
  io.out(words({ folder, full, names, first: hosts[0], port, until }));
  return 0;
}

function checkedHost(given: string): string {
  const host = given.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) && !/^(0\.0\.0\.0|::)$/.test(host)) return host;
  const label = "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?";
  // an address that is none (10.0.0.256) must not pass for a name
  const isName = new RegExp(`^${label}(\\.${label})*$`).test(host) && !/(^|\.)\d+$/.test(host) && host.length <= 253;
  if (isName) return host.toLowerCase();
  throw new DanasError("E_TLS_HOST", `"${given}" is neither a host's name nor its address`, {
    hint: "without a port: --host gpu-7.example.org, or --host 10.0.0.7",
  });
}

function checkFree(full: string, folder: string): void {
  if (!existsSync(full)) return;
  const taken = !statSync(full).isDirectory() || readdirSync(full).length > 0;
  if (!taken) return;
  throw new DanasError("E_TLS_EXISTS", `${folder} is there already, and nothing is overwritten`, {
    hint: "name a new folder; to renew, make a new one and give its files to both sides",
  });
}

/** all or nothing: what is made is renamed into place whole */
function writeAll(full: string, contents: Readonly<Record<keyof typeof tlsFiles, string>>): void {
  let making: string | null = null;
  try {
    mkdirSync(dirname(full), { recursive: true });
    // mkdtemp makes it 0700
    making = mkdtempSync(join(dirname(full), `.${basename(full)}-`));
    for (const [name, file] of Object.entries(tlsFiles)) {
      const content = contents[name as keyof typeof tlsFiles];
      writeFileSync(join(making, file), content, { mode: 0o600, flag: "wx", flush: true });
    }
    renameSync(making, full);
  } catch (error) {
    if (making) rmSync(making, { recursive: true, force: true });
    throw new DanasError("E_TLS_WRITE", `cannot write ${full}: ${(error as Error).message}`, {
      hint: "name a new folder in a place where you may write",
      exitCode: 1,
    });
  }
}

interface Made {
  /** as it was given */
  readonly folder: string;
  readonly full: string;
  readonly names: readonly string[];
  readonly first: string;
  readonly port: number;
  readonly until: Date;
}

function words({ folder, full, names, first, port, until }: Made): string {
  const v6 = isIPv6(first);
  const here = always.includes(first);
  const listen = here ? (v6 ? "[::1]" : "127.0.0.1") : v6 ? "[::]" : "0.0.0.0";
  const file = (name: keyof typeof tlsFiles) => quoted(join(folder, tlsFiles[name]));
  const path = (name: keyof typeof tlsFiles) => JSON.stringify(join(full, tlsFiles[name]));
  const token = `export DANAS_TOKEN="$(cat ${file("token")})"`;
  return `made ${folder}, valid until ${until.toISOString().slice(0, 10)}; for you alone to read:
  ca.pem                      signed both certificates below; its key was not kept, so it signs no others
  worker.pem, worker-key.pem  the worker's, for ${names.join(", ")}
  client.pem, client-key.pem  those of whoever may use the worker
  token                       32 random bytes that both sides show to know

On the worker's machine, with ca.pem, worker.pem, worker-key.pem and token (and no more) copied to ${folder}:

  ${token}
  danas worker --listen ${listen}:${port} --telemetry tcp://${listen}:${port + 1} --run-folder danas-runs \\
    --tls-cert ${file("worker")} --tls-key ${file("workerKey")} --tls-client-ca ${file("ca")} \\
    --token-env DANAS_TOKEN

(with --data-folder DIR for images that are there, and --allow-module MODULE for data in Python)

Here:

  ${token}

and in the config:

worker:
  kind: grpc
  address: ${JSON.stringify(`${v6 ? `[${first}]` : first}:${port}`)}
  tls:
    ca: ${path("ca")}
    cert: ${path("client")}
    key: ${path("clientKey")}
  tokenVariable: DANAS_TOKEN
`;
}
