import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DanasError } from "../domain/errors.js";

/** the folder that holds the package danas_worker; the same two steps up from src and from dist */
export const pythonPackages = fileURLToPath(new URL("../../python_worker", import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The Python that runs the worker: what was asked for, else $DANAS_PYTHON, else the environment that `npm run setup` made
 * for this lock file in the user's cache (the rule of scripts/environment.mjs).
 * @throws DanasError E_PYTHON_MISSING
 */
export function findPython(asked: string | null, environment: Environment = process.env): string {
  const named = asked ?? environment.DANAS_PYTHON;
  if (named) {
    // a bare name is looked up on the path when it is started
    if (!named.includes("/") || existsSync(named)) return named;
    throw new DanasError("E_PYTHON_MISSING", `there is no Python at ${named}`, {
      hint: `${asked ? "correct worker.python" : "correct DANAS_PYTHON"}, or leave it out and run \`npm run setup\``,
    });
  }
  const folder = cachedEnvironment(environment);
  if (existsSync(join(folder, ".complete"))) {
    return join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  }
  throw new DanasError("E_PYTHON_MISSING", `the Python environment is not there: ${folder}`, {
    hint: "run `npm run setup`, or name a Python that has torch in worker.python",
  });
}

function cachedEnvironment(environment: Environment): string {
  const lock = readFileSync(join(pythonPackages, "requirements.lock"));
  const hash = createHash("sha256").update(lock).digest("hex").slice(0, 16);
  const cache = environment.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(cache, "danas", `venv-${hash}`);
}

/**
 * What a worker process must find in its environment.
 *
 * glibc gives large freed blocks back to the kernel and faults them in again at the next step: a small network trained
 * three times faster with the thresholds raised (CPU tensors live in such blocks). What a person set wins.
 */
export function workerEnvironment(paths: readonly string[] = [], environment: Environment = process.env) {
  const pythonPath = [pythonPackages, ...paths, environment.PYTHONPATH].filter((path) => path);
  return {
    MALLOC_MMAP_THRESHOLD_: "1073741824",
    MALLOC_TRIM_THRESHOLD_: "4294967296",
    MALLOC_TOP_PAD_: "67108864",
    // GNU OpenMP's threads spin while they wait: beside other busy processes that made steps 20 times slower
    GOMP_SPINCOUNT: "1000",
    ...environment,
    PYTHONUNBUFFERED: "1",
    PYTHONPATH: pythonPath.join(delimiter),
  };
}
