import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { assertNever } from "../../domain/errors.js";
import type { Deadline, WorkerSettings } from "../../domain/settings.js";
import { count, nonNegative, path, positive, seed } from "../../options/scalars.js";
import { isLocalAddress } from "../../util/address.js";
import { type Filling, pathIn } from "../context.js";
import type { DataConfig } from "./data.js";

const jobMinutes = positive
  .max(100_000)
  .optional()
  .describe("A job that takes longer is taken for hung, and its worker for lost. Default: 60.");

const allowModules = z
  .array(z.string().regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, "must be the name of a Python module"))
  .optional()
  .describe("Python modules that may be imported as data factories. Default: the one that data.factory names.");
const pythonPath = z
  .array(path)
  .optional()
  .describe("Folders where those modules are found. Default: the config's folder, with data of source python.");
const pythonProgram = z
  .string()
  .min(1)
  .optional()
  .describe("A Python that has torch. Default: $DANAS_PYTHON, else the environment of `npm run setup`.");

const local = z
  .strictObject({
    kind: z.literal("local").default("local"),
    python: pythonProgram,
    allowModules,
    pythonPath,
    jobMinutes,
  })
  .describe("danas starts the Python worker itself.");

const grpc = z
  .strictObject({
    kind: z.literal("grpc"),
    address: z
      .string()
      .regex(/^(unix:\/.+|\[[0-9a-fA-F:]+\]:\d{1,5}|[^\s:/]+:\d{1,5})$/, "must be host:port or unix:/path")
      .describe("host:port, or unix:/path."),
    tls: z
      .strictObject({
        ca: path.describe("PEM file: who signed the worker's certificate."),
        cert: path.optional().describe("PEM file: our certificate, where the worker asks for one."),
        key: path.optional().describe("PEM file: its key."),
      })
      .optional()
      .describe(
        "Encryption. Needed for any address off this machine; `danas worker init-tls` makes the files (docs/security.md).",
      ),
    tokenVariable: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, "must be the name of an environment variable")
      .optional()
      .describe("Environment variable that holds the bearer token."),
    jobMinutes,
  })
  .describe("A worker that someone started: `danas worker --listen`.");

const embedded = z
  .strictObject({ kind: z.literal("embedded"), python: pythonProgram, allowModules, pythonPath, jobMinutes })
  .describe("Python bridged in through pythonia: no socket, no port.");

const mock = z
  .strictObject({
    kind: z.literal("mock"),
    seed: seed.default(1).describe("Of its made-up world."),
    noise: nonNegative.max(1).default(0.01).describe("Standard deviation of the noise on accuracies."),
    fastEpochs: positive.max(1e6).default(3).describe("Epochs in which good blocks learn the easiest class."),
    slowEpochs: positive.max(1e6).default(30).describe("The same for the hardest class."),
    imagesPerClass: count.max(1_000_000).default(100).describe("Training images of each class it claims to have."),
    stepMs: nonNegative.max(60_000).default(0).describe("Milliseconds that a step takes, really waited."),
  })
  .describe("Made-up numbers with a planted optimum, no Python: to try a config or a method in seconds.");

export const workerSchema = z
  .discriminatedUnion("kind", [local, grpc, embedded, mock])
  .prefault({})
  .describe("Who trains.");

type WorkerConfig = z.output<typeof workerSchema>;

export function fillWorker(at: Filling, worker: WorkerConfig, data: DataConfig) {
  switch (worker.kind) {
    case "local":
    case "embedded":
      return fillPython(at, worker, data);
    case "grpc":
      return fillGrpc(at, worker);
    case "mock":
      return worker;
    default:
      return assertNever(worker);
  }
}

export type CompleteWorker = ReturnType<typeof fillWorker>;

export function planWorker(worker: CompleteWorker): WorkerSettings {
  switch (worker.kind) {
    case "local":
    case "embedded": {
      const { kind, python = null, allowModules, pythonPath } = worker;
      return { kind, python, allowModules, pythonPath, ...deadlineOf(worker) };
    }
    case "grpc": {
      const { kind, address, tls, tokenVariable = null } = worker;
      const files = tls ? { ca: tls.ca, cert: tls.cert ?? null, key: tls.key ?? null } : null;
      return { kind, address, tls: files, tokenVariable, ...deadlineOf(worker) };
    }
    case "mock":
      return worker;
    default:
      return assertNever(worker);
  }
}

const deadlineOf = ({ jobMinutes }: { jobMinutes?: number | undefined }): Deadline =>
  jobMinutes === undefined ? {} : { jobMinutes };

function fillPython(at: Filling, worker: Extract<WorkerConfig, { kind: "local" | "embedded" }>, data: DataConfig) {
  const factoryModule = data.source === "python" ? data.factory.split(":")[0] : null;
  const allowModules = worker.allowModules ?? (factoryModule === null ? [] : [factoryModule]);
  if (factoryModule !== null && !allowModules.includes(factoryModule)) {
    at.problem(
      ["worker", "allowModules"],
      "E_WORKER_MODULE",
      `data.factory names ${factoryModule}, which the worker may not import`,
      `add ${factoryModule}`,
    );
  }
  const folders = worker.pythonPath?.map((folder, index) => pathIn(at, ["worker", "pythonPath", index], folder));
  const { kind, python } = worker;
  return {
    kind,
    // a bare name is looked up on the path; anything else is a place
    ...(python !== undefined && {
      python: python.includes("/") ? pathIn(at, ["worker", "python"], python) : python,
    }),
    allowModules,
    pythonPath: folders ?? (factoryModule === null ? [] : [dirname(at.file)]),
    ...deadlineOf(worker),
  };
}

function fillGrpc(at: Filling, worker: Extract<WorkerConfig, { kind: "grpc" }>) {
  const { address, tls, tokenVariable } = worker;
  if (!tls && !isLocalAddress(address)) {
    at.problem(
      ["worker", "address"],
      "E_WORKER_PLAINTEXT",
      `${address} is another machine, and the connection is not encrypted`,
      "set worker.tls, or tunnel: ssh -L 7777:localhost:7777",
    );
  }
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) {
    at.problem(
      ["worker", "tls"],
      "E_WORKER_TLS",
      "a certificate needs its key, and a key its certificate",
      "name both cert and key, or neither",
    );
  }
  if (tokenVariable !== undefined && !at.skipData && !at.env[tokenVariable]) {
    at.problem(
      ["worker", "tokenVariable"],
      "E_WORKER_TOKEN",
      `the environment variable ${tokenVariable} is not set`,
      `export ${tokenVariable}=… before calling danas`,
    );
  }
  if (!tls) return worker;
  const file = (name: "ca" | "cert" | "key", text: string): string => {
    const full = pathIn(at, ["worker", "tls", name], text);
    if (!at.skipData && !existsSync(full))
      at.problem(["worker", "tls", name], "E_WORKER_TLS", `there is no file ${full}`, "name a PEM file");
    return full;
  };
  const { ca, cert, key } = tls;
  const files = {
    ca: file("ca", ca),
    ...(cert !== undefined && { cert: file("cert", cert) }),
    ...(key !== undefined && { key: file("key", key) }),
  };
  return { ...worker, tls: files };
}
