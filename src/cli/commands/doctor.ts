import { spawn } from "node:child_process";
import { access, constants, statfs } from "node:fs/promises";
import { availableParallelism, freemem, totalmem } from "node:os";
import { fashionMnistFolders, missingFile } from "../../config/fashion-mnist.js";
import { DanasError } from "../../domain/errors.js";
import { bytesWords } from "../../util/format.js";
import { findPython, workerEnvironment } from "../../worker/python.js";
import type { Io } from "../io.js";

export interface Finding {
  readonly check: string;
  readonly state: "ok" | "note" | "bad";
  readonly found: string;
  /** what to do about it; null where there is nothing to do */
  readonly hint: string | null;
}

/** `danas doctor`: is everything there that a search needs? Exit code 1 where something is missing. */
export async function doctor({ json }: { readonly json: boolean }, io: Io): Promise<number> {
  const findings = [
    nodeFinding(),
    machineFinding(),
    ...(await pythonFindings(io)),
    dataFinding(io),
    await diskFinding(io),
  ];
  if (json) io.out(`${JSON.stringify(findings)}\n`);
  else for (const finding of findings) io.out(render(finding, io));
  return findings.some(({ state }) => state === "bad") ? 1 : 0;
}

function render({ check, state, found, hint }: Finding, { colors }: Io): string {
  const mark = state === "ok" ? colors.green("ok  ") : state === "note" ? colors.yellow("note") : colors.red("bad ");
  return `${mark}  ${check.padEnd(14)} ${found}\n${hint === null ? "" : `      ${"".padEnd(14)} ${colors.dim("hint:")} ${hint}\n`}`;
}

function nodeFinding(): Finding {
  const good = Number(process.versions.node.split(".")[0]) >= 20;
  return {
    check: "Node",
    state: good ? "ok" : "bad",
    found: process.versions.node,
    hint: good ? null : "install Node 20 or newer",
  };
}

function machineFinding(): Finding {
  const low = totalmem() < 2e9;
  return {
    check: "machine",
    state: low ? "note" : "ok",
    found: `${availableParallelism()} cores, ${bytesWords(freemem())} of ${bytesWords(totalmem())} memory free`,
    hint: low ? "with less than 2 GB, use small batches" : null,
  };
}

const probe = `
import json, sys
found = {"python": sys.version.split()[0], "versions": {}, "missing": {}, "cuda": None, "worker": None}
for name in ("torch", "torchvision", "grpc", "google.protobuf", "zmq", "numpy", "safetensors", "PIL"):
    try:
        module = __import__(name, fromlist=["__version__"])
        found["versions"][name] = str(getattr(module, "__version__", "?"))
    except Exception as error:
        found["missing"][name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
if "torch" in found["versions"]:
    import torch
    if torch.cuda.is_available():
        found["cuda"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
try:
    import danas_worker.main
except BaseException as error:
    found["worker"] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
print(json.dumps(found))
`;

interface Probed {
  readonly python: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly missing: Readonly<Record<string, string>>;
  readonly cuda: readonly string[] | null;
  readonly worker: string | null;
}

async function pythonFindings(io: Io): Promise<Finding[]> {
  let python: string;
  try {
    python = findPython(null, io.env);
  } catch (error) {
    if (!(error instanceof DanasError)) throw error;
    return [{ check: "Python", state: "bad", found: error.message, hint: error.hint ?? null }];
  }
  const probed = await askPython(python, io);
  if (typeof probed === "string") {
    return [
      {
        check: "Python",
        state: "bad",
        found: `${python}: ${probed}`,
        hint: "run `npm run setup`, or correct DANAS_PYTHON",
      },
    ];
  }
  const [major, minor] = probed.python.split(".").map(Number);
  const recent = major === 3 && minor >= 10;
  const missing = Object.entries(probed.missing);
  return [
    {
      check: "Python",
      state: recent ? "ok" : "bad",
      found: `${probed.python} (${python})`,
      hint: recent ? null : "Python 3.10 or newer is needed",
    },
    missing.length === 0
      ? {
          check: "packages",
          state: "ok",
          found: Object.entries(probed.versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", "),
          hint: null,
        }
      : {
          check: "packages",
          state: "bad",
          found: missing.map(([name, why]) => `${name} (${why})`).join(", "),
          hint: "run `npm run setup`",
        },
    probed.worker === null
      ? { check: "worker", state: "ok", found: "the Python worker can be imported", hint: null }
      : {
          check: "worker",
          state: "bad",
          found: probed.worker,
          hint: "run `npm run setup`: it also generates the wire code",
        },
    probed.cuda
      ? { check: "GPU", state: "ok", found: probed.cuda.join(", "), hint: null }
      : { check: "GPU", state: "note", found: "none that torch can use: searches run on the CPU", hint: null },
  ];
}

/** @returns what Python told, or why it did not */
function askPython(python: string, io: Io): Promise<Probed | string> {
  return new Promise((done) => {
    const child = spawn(python, ["-c", probe], {
      env: workerEnvironment([], io.env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.once("error", (error) => {
      clearTimeout(timer);
      done(error.message);
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      try {
        done(JSON.parse(out.trim().split("\n").pop() ?? "") as Probed);
      } catch {
        done(err.trim().split("\n").pop() || (signal ? `no answer (${signal})` : `it ended with code ${code}`));
      }
    });
  });
}

function dataFinding(io: Io): Finding {
  const folder = fashionMnistFolders(io.env).find((one) => missingFile(one) === null);
  return folder
    ? { check: "Fashion-MNIST", state: "ok", found: folder, hint: null }
    : {
        check: "Fashion-MNIST",
        state: "note",
        found: "not there; only the quickstart needs it",
        hint: "`node scripts/data.mjs` fetches it (30 MB)",
      };
}

async function diskFinding(io: Io): Promise<Finding> {
  try {
    await access(io.cwd, constants.W_OK);
    const { bavail, bsize } = await statfs(io.cwd);
    const free = bavail * bsize;
    const little = free < 2e9;
    return {
      check: "disk",
      state: little ? "note" : "ok",
      found: `${bytesWords(free)} free here`,
      hint: little ? "checkpoints need room: clear some, or set `runs` to another disk" : null,
    };
  } catch {
    return {
      check: "disk",
      state: "note",
      found: `${io.cwd} cannot be written`,
      hint: "set `runs` to a folder that you may write",
    };
  }
}
