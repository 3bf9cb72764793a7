import type { z } from "zod";
import { DanasError } from "../domain/errors.js";
import { closest } from "../util/closest.js";
import type { Document, Path, Plain } from "./document.js";
import { keysOf, objectMeant, objectsOf, type Schema, schemaAt } from "./walk.js";

type Issue = z.core.$ZodIssue;

/** What the schema found wrong, as located sentences a person can act on. */
export function problemsIn(schema: Schema, document: Document, issues: readonly Issue[]): DanasError[] {
  const problems = issues.flatMap((issue) => explain({ schema, document }, issue, []));
  return problems.sort(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
}

interface Asked {
  readonly schema: Schema;
  readonly document: Document;
}

function explain(asked: Asked, issue: Issue, before: Path): DanasError[] {
  const { document, schema } = asked;
  const path = [...before, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  const value = valueAt(document.value, path);
  const about = schemaAt(schema, path, document.value);
  const described = about?.description ?? null;
  const name = path.length === 0 ? "the config" : path.join(".");
  const error = (code: string, message: string, hint: string | null = described) =>
    new DanasError(code, message, {
      place: document.placeOf(path),
      hint: hint ?? "docs/config.md describes every key",
    });
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(asked, path, key));
    case "invalid_union": {
      if (issue.discriminator !== undefined || issue.errors.length === 0) {
        const options = ((issue as { options?: readonly unknown[] }).options ?? []).filter(
          (option) => typeof option === "string",
        );
        return [choiceProblem(name, value, options as string[], error)];
      }
      return meantBranch(issue.errors, value).flatMap((inner) => explain(asked, inner, path));
    }
    case "invalid_value":
      return [choiceProblem(name, value, issue.values.map(String), error)];
    case "invalid_type":
      if (value === undefined) return [error("E_CONFIG_MISSING", `${name} is missing`)];
      return [
        error("E_CONFIG_TYPE", `${name} must be ${kinds[issue.expected] ?? issue.expected}, not ${shown(value)}`),
      ];
    case "too_small":
    case "too_big": {
      const limit = issue.code === "too_small" ? issue.minimum : issue.maximum;
      const bound =
        issue.code === "too_small" ? (issue.inclusive ? "at least" : "above") : issue.inclusive ? "at most" : "below";
      if (issue.origin === "array")
        return [
          error("E_CONFIG_VALUE", `${name} must have ${bound} ${limit} entries, not ${(value as Plain[]).length}`),
        ];
      if (issue.origin === "string") return [error("E_CONFIG_VALUE", `${name} must have ${bound} ${limit} characters`)];
      return [error("E_CONFIG_VALUE", `${name} must be ${bound} ${limit}, not ${shown(value)}`)];
    }
    case "invalid_format":
    case "custom":
      return [
        error(
          "E_CONFIG_VALUE",
          `${name} ${issue.message.startsWith("must") ? issue.message : `is not valid: ${issue.message}`}${issue.code === "invalid_format" ? `, not ${shown(value)}` : ""}`,
        ),
      ];
    default:
      return [error("E_CONFIG_VALUE", `${name}: ${issue.message}`)];
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping (key: value)",
  record: "a mapping (key: value)",
};

type Make = (code: string, message: string, hint?: string | null) => DanasError;

function choiceProblem(name: string, value: unknown, options: readonly string[], error: Make): DanasError {
  const listed = options.join(", ");
  if (value === undefined)
    return error(
      "E_CONFIG_MISSING",
      `${name} is missing`,
      options.length > 1 ? `it is one of ${listed}` : `write ${listed}`,
    );
  const near = typeof value === "string" ? closest(value, options) : null;
  const wanted = options.length > 1 ? `must be one of ${listed}` : `must be ${listed}`;
  return error(
    "E_CONFIG_VALUE",
    `${name} ${wanted}, not ${shown(value)}`,
    near ? `did you mean "${near}"?` : undefined,
  );
}

function unknownKey({ schema, document }: Asked, path: Path, key: string): DanasError {
  const about = schemaAt(schema, path, document.value);
  const value = valueAt(document.value, path);
  const object = about && (objectMeant(about, value) ?? objectsOf(about)[0]);
  const known = Object.keys(object ? keysOf(object) : {});
  const near = closest(key, known);
  const where = path.length === 0 ? "a config" : path.join(".");
  return new DanasError("E_CONFIG_KEY", `${where} has no key "${key.slice(0, 100)}"`, {
    place: document.placeOf([...path, key], "key"),
    hint: near ? `did you mean "${near}"?` : `it has ${known.join(", ")}`,
  });
}

/**
 * A union fails with one list of issues a branch. The branch that was meant is one of the right type (no complaint about the
 * value as a whole); among those the one with fewest unknown keys, then fewest issues, then the last: the fullest form.
 */
function meantBranch(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] {
  const ofType = branches.filter(
    (issues) =>
      !issues.some(({ path, code }) => path.length === 0 && (code === "invalid_type" || code === "invalid_value")),
  );
  if (ofType.length === 0) {
    // a word where a word was expected, else whatever says most
    const word = branches.findLast((issues) => issues.some(({ code }) => code === "invalid_value"));
    return (typeof value === "string" ? word : undefined) ?? branches[branches.length - 1] ?? [];
  }
  const badness = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? 100 * issue.keys.length : 1), 0);
  return ofType.reduce((best, issues) => (badness(issues) <= badness(best) ? issues : best));
}

function valueAt(value: Plain | undefined, path: Path): Plain | undefined {
  let at: Plain | undefined = value;
  for (const key of path) {
    if (at === null || typeof at !== "object" || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, Plain>)[key];
  }
  return at;
}

/** a value as a message shows it, never long */
export function shown(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
