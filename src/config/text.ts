import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DanasError } from "../domain/errors.js";
import { closest } from "../util/closest.js";

/** far above any config, far below what could make the parser slow */
const maxBytes = 256 * 1024;

/** A file's text. @param file as messages show it; @param full as it is opened. @throws DanasError E_CONFIG_… */
export function readText(file: string, full: string): string {
  let bytes: Buffer;
  try {
    bytes = readBounded(file, full);
  } catch (error) {
    if (error instanceof DanasError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      const near = nearbyConfig(full);
      throw new DanasError("E_CONFIG_READ", `there is no file ${file}`, {
        hint: near ? `did you mean "${near}"?` : "`danas init` writes a config to begin with",
      });
    }
    throw new DanasError("E_CONFIG_READ", `cannot read ${file}: ${message}`, {
      hint: "name a YAML file that you may read",
    });
  }
  const place = { file, line: 1, column: 1 };
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  try {
    if (utf16) throw new TypeError("UTF-16");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DanasError("E_CONFIG_ENCODING", "the file is not UTF-8", {
      hint: "save it as UTF-8 in your editor",
      place,
    });
  }
}

function readBounded(file: string, full: string): Buffer {
  const descriptor = openSync(full, "r");
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? "a folder" : "no regular file";
      throw new DanasError("E_CONFIG_READ", `${file} is ${what}`, { hint: "name a YAML file" });
    }
    if (stat.size > maxBytes) {
      throw new DanasError("E_CONFIG_SIZE", `${file} has ${stat.size} bytes, a config at most ${maxBytes}`, {
        hint: "is it the right file?",
      });
    }
    const bytes = Buffer.alloc(stat.size);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

function nearbyConfig(file: string): string | null {
  try {
    const names = readdirSync(dirname(file)).filter((name) => /\.ya?ml$/.test(name));
    return closest(basename(file), names);
  } catch {
    return null;
  }
}
