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

const finding = (check: string, state: Finding["state"], found: string, hint: string | null = null): Finding => ({
  check,
  state,
  found,
  hint,
});

function nodeFinding(): Finding {
  const good = Number(process.versions.node.split(".")[0]) >= 20;
  return finding("Node", good ? "ok" : "bad", process.versions.node, good ? null : "install Node 20 or newer");
}

function machineFinding(): Finding {
  const low = totalmem() < 2e9;
  const found = `${availableParallelism()} cores, ${bytesWords(freemem())} of ${bytesWords(totalmem())} memory free`;
  return finding("machine", low ? "note" : "ok", found, low ? "with less than 2 GB, use small batches" : null);
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
    return [finding("Python", "bad", error.message, error.hint)];
  }
  const probed = await askPython(python, io);
  if (typeof probed === "string") {
    return [finding("Python", "bad", `${python}: ${probed}`, "run `npm run setup`, or correct DANAS_PYTHON")];
  }
  const [major, minor] = probed.python.split(".").map(Number);
  const recent = major === 3 && minor >= 10;
  const missing = Object.entries(probed.missing).map(([name, why]) => `${name} (${why})`);
  const there = Object.entries(probed.versions).map(([name, version]) => `${name} ${version}`);
  return [
    finding(
      "Python",
      recent ? "ok" : "bad",
      `${probed.python} (${python})`,
      recent ? null : "Python 3.10 or newer is needed",
    ),
    missing.length === 0
      ? finding("packages", "ok", there.join(", "))
      : finding("packages", "bad", missing.join(", "), "run `npm run setup`"),
    probed.worker === null
      ? finding("worker", "ok", "the Python worker can be imported")
      : finding("worker", "bad", probed.worker, "run `npm run setup`: it also generates the wire code"),
    probed.cuda
      ? finding("GPU", "ok", probed.cuda.join(", "))
      : finding("GPU", "note", "none that torch can use: searches run on the CPU"),
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
  if (folder) return finding("Fashion-MNIST", "ok", folder);
  const fetch = "`node scripts/data.mjs` fetches it (30 MB)";
  return finding("Fashion-MNIST", "note", "not there; only the quickstart needs it", fetch);
}

async function diskFinding(io: Io): Promise<Finding> {
  try {
    await access(io.cwd, constants.W_OK);
    const { bavail, bsize } = await statfs(io.cwd);
    const free = bavail * bsize;
    const room = free < 2e9 ? "checkpoints need room: clear some, or set `runs` to another disk" : null;
    return finding("disk", room === null ? "ok" : "note", `${bytesWords(free)} free here`, room);
  } catch {
    return finding("disk", "note", `${io.cwd} cannot be written`, "set `runs` to a folder that you may write");
  }
}
