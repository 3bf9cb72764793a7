import { DanasError, DanasErrors, type Place } from "../domain/errors.js";
import { type Document, type Path, type Plain, parseYaml } from "./document.js";

/** one `--set a.b=c` */
interface Override {
  readonly path: Path;
  readonly value: Plain;
  /** as it was written, for messages */
  readonly text: string;
}

const maxLength = 10_000;

/** @param text `budget.maxMacs=4M`; the value is read as YAML, list places are numbers from 0. @throws DanasError E_SET */
export function parseOverride(text: string): Override {
  const split = text.indexOf("=");
  const key = split < 0 ? text : text.slice(0, split);
  const path = key.split(".").map((part) => (/^\d{1,6}$/.test(part) ? Number(part) : part));
  const fail = (message: string): never => {
    throw new DanasError("E_SET", message, {
      hint: "write --set a.b=c, such as --set budget.maxMacs=4M",
      place: placeAt(key),
    });
  };
  if (split <= 0 || path.includes("")) fail(`"${text.slice(0, 100)}" is not a setting`);
  if (text.length > maxLength || path.length > 32) fail("it is too long");
  if (path.includes("__proto__")) fail("there is no such key");
  try {
    return { path, value: parseYaml(text.slice(split + 1), "").value, text: key };
  } catch (error) {
    const first = error instanceof DanasErrors ? error.errors[0] : error;
    return fail(first instanceof Error ? first.message : String(first));
  }
}

/** line 0: there is no line, the place is a name */
const placeAt = (key: string): Place => ({ file: `--set ${key}`, line: 0, column: 0 });

/** The document with the overrides laid over it; what they set is blamed on them. @throws DanasError E_SET */
export function withOverrides(document: Document, overrides: readonly Override[]): Document {
  let { value } = document;
  for (const override of overrides) value = put(value, override, 0);
  return {
    value,
    placeOf(path, what) {
      const blamed = overrides.findLast((override) => startsWith(path, override.path));
      return blamed ? placeAt(blamed.text) : document.placeOf(path, what);
    },
  };
}

const startsWith = (path: Path, start: Path): boolean =>
  start.length <= path.length && start.every((part, index) => String(path[index]) === String(part));

function put(into: Plain | undefined, override: Override, depth: number): Plain {
  if (depth === override.path.length) return override.value;
  const key = override.path[depth];
  if (Array.isArray(into)) {
    if (typeof key === "number" && key <= into.length) {
      const copy = [...into];
      copy[key] = put(into[key], override, depth + 1);
      return copy;
    }
    throw new DanasError(
      "E_SET",
      `${override.path.slice(0, depth).join(".")} is a list of ${into.length}, "${key}" is no place in it`,
      {
        hint: "places of a list are numbers from 0",
        place: placeAt(override.text),
      },
    );
  }
  // a value that is no mapping gives way: `--set ranking.epochs=3` over `ranking: none`
  const map = into !== null && typeof into === "object" ? into : {};
  return { ...map, [key]: put(Object.hasOwn(map, key) ? map[key] : undefined, override, depth + 1) };
}
