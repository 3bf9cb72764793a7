import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findPython, pythonPackages, workerEnvironment } from "./python.js";

const cache = mkdtempSync(join(tmpdir(), "danas-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

describe("the Python of the worker", () => {
  it("is the one asked for, else the one of DANAS_PYTHON", () => {
    expect(findPython(process.execPath, { DANAS_PYTHON: "python3" })).toBe(process.execPath);
    expect(findPython(null, { DANAS_PYTHON: "python3" })).toBe("python3");
  });

  it("that is named but not there is a mistake, told with where it was named", () => {
    expect(() => findPython("/no/python", {})).toThrow(
      expect.objectContaining({ code: "E_PYTHON_MISSING", hint: expect.stringContaining("worker.python") }),
    );
    expect(() => findPython(null, { DANAS_PYTHON: "/no/python" })).toThrow(
      expect.objectContaining({ code: "E_PYTHON_MISSING", hint: expect.stringContaining("DANAS_PYTHON") }),
    );
  });

  it("is else the environment made for this lock file, once that is complete", () => {
    const lock = readFileSync(join(pythonPackages, "requirements.lock"));
    const hash = createHash("sha256").update(lock).digest("hex").slice(0, 16);
    const folder = join(cache, "danas", `venv-${hash}`);
    mkdirSync(folder, { recursive: true });
    const environment = { XDG_CACHE_HOME: cache };
    expect(() => findPython(null, environment)).toThrow(
      expect.objectContaining({ code: "E_PYTHON_MISSING", hint: expect.stringContaining("npm run setup") }),
    );
    writeFileSync(join(folder, ".complete"), "");
    expect(findPython(null, environment)).toBe(join(folder, "bin/python"));
  });

  it("finds the worker's package before anything of the person's, and keeps what the person set", () => {
    const environment = workerEnvironment(["/data/loaders"], { PYTHONPATH: "/mine", MALLOC_TOP_PAD_: "0" });
    expect(environment.PYTHONPATH).toBe([pythonPackages, "/data/loaders", "/mine"].join(delimiter));
    expect(environment.MALLOC_TOP_PAD_).toBe("0");
    expect(environment.MALLOC_MMAP_THRESHOLD_).toBe("1073741824");
  });
});
