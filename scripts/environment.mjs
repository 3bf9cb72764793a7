// The Python environment: made once per lock file, in the user's cache, shared between clones.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root, run, StepFailed } from "./lib.mjs";

const lockFile = join(root, "python_worker/requirements.lock");

/** the user's cache (XDG), below it everything of ours */
export const cacheFolder = () => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "danas");

/** @returns {{ python: string, folder: string, ready: boolean }} where the environment of this lock file is, or will be */
export function pythonEnvironment() {
  if (process.env.DANAS_PYTHON) return { python: process.env.DANAS_PYTHON, folder: "", ready: true };
  const hash = createHash("sha256").update(readFileSync(lockFile)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), `venv-${hash}`);
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  return { python, folder, ready: existsSync(join(folder, ".complete")) };
}

/** the first Python on the path that is new enough */
function systemPython() {
  const asked = [];
  for (const name of ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"]) {
    const probe = spawnSync(name, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], { encoding: "utf8" });
    if (probe.status !== 0) continue;
    const [major, minor] = probe.stdout.trim().split(".").map(Number);
    if (major === 3 && minor >= 10) return name;
    asked.push(`${name} is ${probe.stdout.trim()}`);
  }
  throw new StepFailed(
    "finding Python",
    asked.length > 0 ? `Python 3.10 or newer is needed, but ${asked.join(", ")}` : "no Python was found on the path",
    "install Python >= 3.10 with venv and pip (Debian: apt-get install python3 python3-venv)",
  );
}

/** Makes the environment where it is missing. @returns whether it was made now */
export function ensurePythonEnvironment() {
  const { folder, ready } = pythonEnvironment();
  if (ready) return false;
  mkdirSync(cacheFolder(), { recursive: true });
  const unlock = lock(join(cacheFolder(), "venv.lock"));
  try {
    if (pythonEnvironment().ready) return false; // another clone made it while we waited
    console.error(`making the Python environment in ${folder}: PyTorch and its libraries take several GB, once`);
    // what an earlier attempt left behind cannot be trusted; a venv does not move, so it is built in place
    rmSync(folder, { recursive: true, force: true });
    run("making the Python environment", systemPython(), ["-m", "venv", folder], {
      hint: "install Python's venv module (Debian: apt-get install python3-venv)",
    });
    const { python } = pythonEnvironment();
    run(
      "installing the Python packages",
      python,
      [
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "-q",
        "--require-hashes",
        "-r",
        lockFile,
      ],
      {
        hint: "check the network and the free disk space (about 6 GB), then run the same command again",
        show: true,
      },
    );
    const marker = join(folder, ".complete");
    writeFileSync(`${marker}.tmp`, "made by scripts/environment.mjs\n");
    renameSync(`${marker}.tmp`, marker);
    return true;
  } finally {
    unlock();
  }
}

/** One maker at a time: a folder is created atomically; one left by a process long dead is taken over. */
function lock(folder) {
  const staleAfterMs = 30 * 60_000;
  let told = false;
  for (;;) {
    try {
      mkdirSync(folder);
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (Date.now() - statSync(folder, { throwIfNoEntry: false })?.mtimeMs > staleAfterMs) {
      rmSync(folder, { recursive: true, force: true });
      continue;
    }
    if (!told) console.error(`waiting for another set-up to finish (${folder}; remove it if there is none)`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  }
}
