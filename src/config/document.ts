import { resolve } from "node:path";
import { type Alias, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { DanasError, DanasErrors, type Place } from "../domain/errors.js";
import { nestsDeeply } from "./depth.js";
import { readText } from "./text.js";

/** A value as YAML gives it: plain JSON, no NaN, no -0. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };
export type Path = readonly (string | number)[];

/** A config as it was written, with where each thing stands. */
export interface Document {
  readonly value: Plain;
  /** of the value at the path, or of its key; of the nearest thing around it where it is not there */
  placeOf(path: Path, what?: "value" | "key"): Place;
}

const maxDepth = 64;
/** with aliases followed: each may be large, and hold others */
const maxNodes = 100_000;
/** the parser looks through the whole file for each one's anchor */
const maxAliases = 200;

/** @param file as the person wrote it: so it stands in messages. @throws DanasError, DanasErrors E_CONFIG_… */
export function readDocument(file: string, cwd: string): Document {
  return parseYaml(readText(file, resolve(cwd, file)), file);
}

/** @throws DanasErrors with every syntax error, located */
export function parseYaml(text: string, file: string): Document {
  const deep = nestsDeeply(text, maxDepth + maxDepth);
  if (deep) {
    const place = { file, ...deep };
    throw new DanasError("E_CONFIG_YAML", "the file is nested too deeply", {
      hint: `at most ${maxDepth} levels`,
      place,
    });
  }
  const lines = new LineCounter();
  // keys are compared below: the parser's own comparison takes quadratic time
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const complaints = [...parsed.errors, ...parsed.warnings].slice(0, 5);
  if (complaints.length > 0) {
    throw new DanasErrors(
      complaints.map(
        ({ code, message, pos }) =>
          new DanasError("E_CONFIG_YAML", message.split("\n")[0].slice(0, 300), {
            hint: yamlHints[code] ?? "YAML could not read this line",
            place: at(pos[0]),
          }),
      ),
    );
  }
  const places = new Map<string, { key: number; value: number }>();
  const value = toPlain(parsed.contents, { at, places, target: (alias) => alias.resolve(parsed) ?? null });
  return {
    value,
    placeOf(path, what = "value") {
      for (let length = path.length; length > 0; length--) {
        const found = places.get(keyOf(path.slice(0, length)));
        // a missing value is shown at the key of the thing that lacks it
        if (found) return at(length === path.length && what === "value" ? found.value : found.key);
      }
      return at(0);
    },
  };
}

const yamlHints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "things of one mapping or list begin in the same column",
  MULTIPLE_DOCS: "one file holds one config: remove the --- line",
  TAG_RESOLVE_FAILED: "tags (!name) are not used in a config; quote a text that begins with !",
  BLOCK_AS_IMPLICIT_KEY: "quote a text that holds ': '",
  MISSING_CHAR: "close the quote or bracket",
  RESOURCE_EXHAUSTION: "the file is nested too deeply",
};

const keyOf = (path: Path): string => JSON.stringify(path.map(String));

interface Reading {
  readonly at: (offset: number) => Place;
  readonly places: Map<string, { key: number; value: number }>;
  /** what an alias stands for; null = nothing */
  readonly target: (alias: Alias) => unknown;
}

/**
 * The tree as plain data. Our own walk and not the library's toJS, which takes time without bound on a few hundred bytes of
 * `? ? ?`, and which follows aliases into themselves.
 */
function toPlain(contents: unknown, reading: Reading): Plain {
  const { at, places } = reading;
  let nodes = 0;
  const targets = new Map<Alias, unknown>();
  const targetOf = (alias: Alias): unknown => {
    if (!targets.has(alias)) targets.set(alias, reading.target(alias));
    return targets.size > maxAliases
      ? fail(alias, "there are too many aliases (*name)", `at most ${maxAliases}`)
      : targets.get(alias);
  };
  const fail = (node: unknown, message: string, hint: string): never => {
    throw new DanasError("E_CONFIG_YAML", message, { hint, place: at(offsetOf(node, 0)) });
  };
  const walk = (node: unknown, path: Path, keyOffset: number, open: readonly unknown[]): Plain => {
    if (++nodes > maxNodes) return fail(node, "the file unfolds to too many values", "use fewer aliases (*name)");
    if (path.length > maxDepth) return fail(node, "the file is nested too deeply", `at most ${maxDepth} levels`);
    places.set(keyOf(path), { key: keyOffset, value: offsetOf(node, keyOffset) });
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      const target = targetOf(node);
      if (target === null)
        return fail(node, `there is no anchor &${node.source}`, `write &${node.source} before its first use`);
      if (open.includes(target)) return fail(node, `*${node.source} holds itself`, "write the value out");
      return walk(target, path, keyOffset, [...open, target]);
    }
    const inside = [...open, node];
    if (isScalar(node)) return scalar(node.value, node);
    if (isSeq(node))
      return node.items.map((item, index) => walk(item, [...path, index], offsetOf(item, offsetOf(node, 0)), inside));
    if (!isMap(node)) return fail(node, "this is neither a mapping, a list nor a value", "see docs/config.md");
    const map: { [key: string]: Plain } = Object.create(null);
    const merged: { [key: string]: Plain }[] = [];
    for (const item of node.items) {
      if (!isPair(item) || (!isScalar(item.key) && item.key !== null)) {
        return fail(item.key ?? node, "a key must be a word", "quote a key that begins with [ { or *");
      }
      const name = isScalar(item.key) ? String(item.key.value) : "null";
      const offset = offsetOf(item.key, offsetOf(node, 0));
      if (name === "<<") {
        const value = walk(item.value, [...path, name], offset, inside);
        for (const part of Array.isArray(value) ? value : [value]) {
          if (part === null || typeof part !== "object" || Array.isArray(part))
            return fail(item.key, "<< needs a mapping", "write <<: *name");
          merged.push(part);
        }
        continue;
      }
      if (name in map) return fail(item.key, `"${name}" is written twice`, "keep one of them");
      map[name] = walk(item.value, [...path, name], offset, inside);
    }
    for (const part of merged) for (const [name, value] of Object.entries(part)) if (!(name in map)) map[name] = value;
    return { ...map };
  };
  const scalar = (value: unknown, node: unknown): Plain => {
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number" && Number.isFinite(value)) return value === 0 ? 0 : value;
    return fail(node, `${String(value)} is no number that can be used`, "write a finite number");
  };
  return walk(contents, [], 0, []);
}

const offsetOf = (node: unknown, otherwise: number): number =>
  (node as { range?: [number, number, number] | null } | null)?.range?.[0] ?? otherwise;
