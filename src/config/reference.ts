import { z } from "zod";
import { configSchema } from "./schema.js";
import { bare, defOf, describe, literalOf, objectsOf } from "./walk.js";

/** docs/config.md, written from the schema: `danas docs config`. A test holds the page to it. */
export function referencePage(): string {
  const shape = defOf(configSchema).shape ?? {};
  const simple = Object.keys(shape).filter((key) => objectsOf(shape[key]).length === 0);
  const sections = Object.keys(shape).filter((key) => objectsOf(shape[key]).length > 0);
  return `${[
    intro,
    table(simple.map((key) => rowOf(key, shape[key]))),
    `Sections: ${sections.map((key) => `[${key}](#${key})`).join(", ")}.`,
    ...sections.map((key) => section(key, shape[key])),
  ].join("\n\n")}\n`;
}

const intro = `# The config

<!-- written by \`danas docs config\` from src/config/schema.ts; do not edit -->

A search is described in one YAML file. \`danas init\` writes one to begin with, \`danas validate FILE\` checks it, and
\`danas validate FILE --resolved\` prints it with every default filled in. Only \`data\` and \`space\` must be there.

- Any key can be set on the command line: \`--set search.batchSize=64\`, \`--set search.rounds.0.epochs=5\`.
- Amounts have a unit: \`300M\`, \`1.2G\`. They count multiply-adds (MACs); what other tools call FLOPs is often twice that.
- A relative path is meant from the config's folder; in \`--set\`, and \`runs\` always, from where danas is called.
- YAML anchors (\`&name\`, \`*name\`, \`<<: *name\`) work.
- Editors that know the YAML language server complete and check keys with \`danas docs schema > danas.schema.json\` and a first
  line \`# yaml-language-server: $schema=./danas.schema.json\` (\`danas init\` writes both).`;

type Schema = z.core.$ZodType;

interface Row {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly about: string;
}

function section(key: string, schema: Schema): string {
  const parts = [`## ${key}`, describe(schema) ?? ""];
  const discriminator = defOf(bare(schema)).discriminator;
  const objects = objectsOf(schema);
  const words = wordsOf(schema);
  if (words !== "" && objects.length > 0 && !discriminator) parts.push(`Written as ${words}, or as a mapping:`);
  for (const object of objects) {
    if (discriminator) parts.push(`### ${key}.${discriminator}: ${String(literalOf(object, discriminator))}`);
    const about = describe(object);
    if (about && about !== describe(schema)) parts.push(about);
    parts.push(table(rowsOf(object, "", discriminator)));
  }
  return parts.join("\n\n");
}

/** every key of an object, those of objects in it flattened: `warmup.epochs`, `rounds[].classes` */
function rowsOf(object: Schema, prefix: string, without?: string): Row[] {
  return Object.entries(defOf(object).shape ?? {}).flatMap(([key, schema]) => {
    if (key === without) return [];
    const name = `${prefix}${key}`;
    const inner = bare(schema);
    const element = defOf(inner).type === "array" ? defOf(inner).element : undefined;
    const inside = objectsOf(element ?? schema).flatMap((one) => rowsOf(one, `${name}${element ? "[]" : ""}.`));
    return [rowOf(name, schema), ...inside];
  });
}

const rowOf = (key: string, schema: Schema): Row => ({
  key,
  type: typeOf(schema),
  fallback: defaultOf(schema),
  about: describe(schema) ?? "",
});

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ key, type, fallback, about }) => `| \`${key}\` | ${cell(type)} | ${cell(fallback)} | ${cell(about)} |`,
  );
  return ["| key | written as | default | |", "|---|---|---|---|", ...lines].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");

/** what a person writes there */
function typeOf(schema: Schema): string {
  const written = writtenAs(schema);
  if (written) return written;
  const inner = bare(schema);
  const def = defOf(inner);
  switch (def.type) {
    case "object":
    case "record":
      return "a mapping";
    case "array":
      return def.element ? `a list of: ${typeOf(def.element)}` : "a list";
    case "enum":
      return Object.values((def as unknown as { entries: Record<string, string> }).entries).join(", ");
    case "literal":
      return (def.values ?? []).map(String).join(", ");
    case "union":
      return (def.options ?? []).map(typeOf).join(", or ");
    case "string":
      return "text";
    case "number":
      return numberType(inner);
    case "boolean":
      return "true, false";
    default:
      return "anything";
  }
}

function writtenAs(schema: Schema): string | null {
  const own = (schema as z.ZodType).meta?.() as { written?: string } | undefined;
  if (own?.written) return own.written;
  const { innerType, in: before } = defOf(schema);
  const next = innerType ?? before;
  return next ? writtenAs(next) : null;
}

function numberType(schema: Schema): string {
  const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = z.toJSONSchema(schema);
  const word = type === "integer" ? "a whole number" : "a number";
  const low =
    exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : minimum !== undefined ? `from ${minimum}` : "";
  // a limit that only keeps absurdities out tells a reader nothing
  const telling = (limit: unknown) => typeof limit === "number" && limit < 1e5;
  const high = telling(exclusiveMaximum) ? `below ${exclusiveMaximum}` : telling(maximum) ? `to ${maximum}` : "";
  return [word, low, high].filter((part) => part !== "").join(" ");
}

/** words that a union takes beside its mappings */
function wordsOf(schema: Schema): string {
  const def = defOf(bare(schema));
  if (def.type !== "union") return "";
  return (def.options ?? [])
    .filter((option) => objectsOf(option).length === 0)
    .map((option) => (defOf(bare(option)).type === "literal" ? `\`${typeOf(option)}\`` : typeOf(option)))
    .join(" or ");
}

function defaultOf(schema: Schema): string {
  const def = defOf(schema) as unknown as { type: string; defaultValue?: unknown };
  if (def.type === "default" || def.type === "prefault") {
    const value = def.defaultValue;
    if (value === null || (typeof value === "object" && !Array.isArray(value))) return value === null ? "null" : "";
    return Array.isArray(value) ? `\`${JSON.stringify(value)}\`` : `\`${String(value)}\``;
  }
  if (def.type === "optional") return "";
  // an object without a default of its own may be left out where all in it may
  return "required";
}
