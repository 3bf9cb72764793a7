import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { DataSpec } from "../../domain/data.js";
import { assertNever } from "../../domain/errors.js";
import type { ProgramName, RankingPlan, RetrainPlan } from "../../domain/plan.js";
import type { Patience, PythonSettings, WorkerSettings } from "../../domain/settings.js";
import type { Space } from "../../domain/space.js";
import { decode } from "../../spaces/encoding.js";
import { isLocalAddress } from "../../util/address.js";
import type { Config } from "../schema.js";
import { located, pathIn, problem, type Resolving } from "./context.js";
import { resolveRecipe } from "./recipe.js";

const allPrograms: readonly ProgramName[] = ["rank", "search", "retrain"];

/** @param needed whether the method asks how hard the classes are */
export function resolvePrograms(at: Resolving, ranking: RankingPlan, needed: boolean): readonly ProgramName[] {
  const { programs, retrain } = at.config;
  const given = retrain.architecture !== undefined;
  if (!programs) {
    if (given) return ["retrain"];
    return allPrograms.filter((name) => name !== "rank" || ranking.source === "train");
  }
  const path = ["programs"];
  const order = programs.map((name) => allPrograms.indexOf(name));
  if (order.some((place, index) => index > 0 && place <= order[index - 1])) {
    problem(
      at,
      path,
      "E_PROGRAMS",
      `programs must be in the order ${allPrograms.join(", ")}, each once`,
      `write [${allPrograms.filter((name) => programs.includes(name)).join(", ")}]`,
    );
  }
  if (programs.includes("rank") && ranking.source === "given") {
    problem(
      at,
      path,
      "E_PROGRAMS",
      "the ranking is given in a file, there is nothing to rank",
      "remove rank, or ranking.file",
    );
  }
  if (programs.includes("search") && needed && ranking.source === "train" && !programs.includes("rank")) {
    problem(
      at,
      path,
      "E_PROGRAMS",
      "the search needs a ranking, and the ranking is to be trained",
      "add rank, or name a ranking.file",
    );
  }
  if (programs.includes("retrain") && !programs.includes("search") && !given) {
    problem(
      at,
      path,
      "E_PROGRAMS",
      "nothing to retrain: there is no search, and no retrain.architecture",
      "add search, or name the architecture",
    );
  }
  if (programs.includes("search") && given) {
    problem(
      at,
      ["retrain", "architecture"],
      "E_PROGRAMS",
      "an architecture is given, and the search would find another",
      "write programs: [retrain], or remove it",
    );
  }
  return programs;
}

export function resolveRetrain(at: Resolving, space: Space, data: DataSpec): RetrainPlan {
  const { retrain } = at.config;
  const text = retrain.architecture;
  const architecture = text === undefined ? null : located(at, ["retrain", "architecture"], () => decode(space, text));
  const noTest =
    data.testFraction === 0 &&
    (data.source.kind === "synthetic" ||
      (data.source.kind === "folder" && existsSync(data.source.root) && !existsSync(`${data.source.root}/test`)));
  if (retrain.test && noTest) {
    problem(
      at,
      ["data", "testFraction"],
      "E_DATA_TEST",
      "data.testFraction is 0, but the test set is to be measured",
      "raise it, or set retrain.test to false",
    );
  }
  const { epochs, split, test } = retrain;
  return {
    architecture,
    epochs,
    recipe: resolveRecipe(at, ["retrain"], retrain, space.input),
    split,
    test,
    export: retrain.export,
  };
}

export function checkCompute(at: Resolving): void {
  const { device, precision } = at.config.compute;
  if (precision === "float16" && device === "cpu") {
    problem(at, ["compute", "precision"], "E_COMPUTE", "float16 needs a GPU", "use bfloat16 or float32 on the CPU");
  }
}

export function resolveWorker(at: Resolving): WorkerSettings {
  const { worker } = at.config;
  switch (worker.kind) {
    case "local":
      return { kind: "local", ...pythonOf(at, worker), ...patienceOf(worker) };
    case "embedded":
      return { kind: "embedded", ...pythonOf(at, worker), ...patienceOf(worker) };
    case "grpc":
      return grpcOf(at, worker);
    case "mock":
      return worker;
    default:
      return assertNever(worker);
  }
}

type WorkerConfig = Config["worker"];

const patienceOf = ({ jobMinutes }: { jobMinutes?: number | undefined }): Patience =>
  jobMinutes === undefined ? {} : { jobMinutes };

function pythonOf(at: Resolving, worker: Extract<WorkerConfig, { kind: "local" | "embedded" }>): PythonSettings {
  const { data } = at.config;
  const factoryModule = data.source === "python" ? data.factory.split(":")[0] : null;
  const allowModules = worker.allowModules ?? (factoryModule === null ? [] : [factoryModule]);
  if (factoryModule !== null && !allowModules.includes(factoryModule)) {
    problem(
      at,
      ["worker", "allowModules"],
      "E_WORKER_MODULE",
      `data.factory names ${factoryModule}, which the worker may not import`,
      `add ${factoryModule}`,
    );
  }
  const folders = worker.pythonPath?.map((folder, index) => pathIn(at, ["worker", "pythonPath", index], folder));
  const { python = null } = worker;
  return {
    // a bare name is looked up on the path; anything else is a place
    python: python?.includes("/") ? pathIn(at, ["worker", "python"], python) : python,
    allowModules,
    pythonPath: folders ?? (factoryModule === null ? [] : [dirname(at.file)]),
  };
}

function grpcOf(at: Resolving, worker: Extract<WorkerConfig, { kind: "grpc" }>): WorkerSettings {
  const { address, tls, tokenVariable = null } = worker;
  if (!tls && !isLocalAddress(address)) {
    problem(
      at,
      ["worker", "address"],
      "E_WORKER_PLAINTEXT",
      `${address} is another machine, and the connection is not encrypted`,
      "set worker.tls, or tunnel: ssh -L 7777:localhost:7777",
    );
  }
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) {
    problem(
      at,
      ["worker", "tls"],
      "E_WORKER_TLS",
      "a certificate needs its key, and a key its certificate",
      "name both cert and key, or neither",
    );
  }
  const file = (name: "ca" | "cert" | "key"): string | null => {
    const text = tls?.[name];
    if (text === undefined) return null;
    const full = pathIn(at, ["worker", "tls", name], text);
    if (!at.skipData && !existsSync(full))
      problem(at, ["worker", "tls", name], "E_WORKER_TLS", `there is no file ${full}`, "name a PEM file");
    return full;
  };
  if (tokenVariable !== null && !at.skipData && !at.env[tokenVariable]) {
    problem(
      at,
      ["worker", "tokenVariable"],
      "E_WORKER_TOKEN",
      `the environment variable ${tokenVariable} is not set`,
      `export ${tokenVariable}=… before calling danas`,
    );
  }
  return {
    kind: "grpc",
    address,
    tls: tls ? { ca: file("ca")!, cert: file("cert"), key: file("key") } : null,
    tokenVariable,
    ...patienceOf(worker),
  };
}
