import { schemaTree } from "./json-schema.js";
import { branchesOf, discriminatorOf, elementOf, keysOf, objectsOf, type Schema } from "./walk.js";

/** docs/config.md, written from the schema: `danas docs config`. A test holds the page to it. */
export function referencePage(): string {
  const config = schemaTree();
  const keys = Object.entries(keysOf(config));
  const simple = keys.filter(([, schema]) => objectsOf(schema).length === 0);
  const sections = keys.filter(([, schema]) => objectsOf(schema).length > 0);
  return `${[
    intro,
    table(simple.map(([key, schema]) => rowOf(key, schema, isRequired(config, key)))),
    `Sections: ${sections.map(([key]) => `[${key}](#${key})`).join(", ")}.`,
    ...sections.map(([key, schema]) => section(key, schema)),
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

interface Row {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly about: string;
}

function section(key: string, schema: Schema): string {
  const parts = [`## ${key}`, schema.description ?? ""];
  const discriminator = discriminatorOf(schema);
  const words = wordsOf(schema);
  if (words !== "" && !discriminator) parts.push(`Written as ${words}, or as a mapping:`);
  for (const object of objectsOf(schema)) {
    if (discriminator) parts.push(`### ${key}.${discriminator}: ${String(keysOf(object)[discriminator].const)}`);
    const about = object.description;
    if (about && about !== schema.description) parts.push(about);
    parts.push(table(rowsOf(object, "", discriminator)));
  }
  return parts.join("\n\n");
}

/** every key of an object, those of objects in it flattened: `warmup.epochs`, `rounds[].classes` */
function rowsOf(object: Schema, prefix: string, without?: string): Row[] {
  return Object.entries(keysOf(object)).flatMap(([key, schema]) => {
    if (key === without) return [];
    const name = `${prefix}${key}`;
    const element = elementOf(schema);
    const inside = objectsOf(element ?? schema).flatMap((one) => rowsOf(one, `${name}${element ? "[]" : ""}.`));
    return [rowOf(name, schema, isRequired(object, key)), ...inside];
  });
}

const isRequired = ({ required }: Schema, key: string): boolean => required?.includes(key) ?? false;

const rowOf = (key: string, schema: Schema, required: boolean): Row => ({
  key,
  type: typeOf(schema),
  fallback: required ? "required" : defaultOf(schema),
  about: schema.description ?? "",
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
  if (schema.written) return schema.written;
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return schema.enum.join(", ");
  const element = elementOf(schema);
  switch (schema.type) {
    case "object":
      return "a mapping";
    case "array":
      return element ? `a list of: ${typeOf(element)}` : "a list";
    case "string":
      return "text";
    case "integer":
    case "number":
      return numberType(schema);
    case "boolean":
      return "true, false";
    default: {
      const words = branchesOf(schema).filter(({ type }) => type !== "null");
      return words.length > 0 ? words.map(typeOf).join(", or ") : "anything";
    }
  }
}

function numberType({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const word = type === "integer" ? "a whole number" : "a number";
  const low =
    exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : minimum !== undefined ? `from ${minimum}` : "";
  // a limit that only keeps absurdities out tells a reader nothing
  const telling = (limit: unknown) => typeof limit === "number" && limit < 1e5;
  const high = telling(exclusiveMaximum) ? `below ${exclusiveMaximum}` : telling(maximum) ? `to ${maximum}` : "";
  return [word, low, high].filter((part) => part !== "").join(" ");
}

/** words that a union takes beside its mappings */
const wordsOf = (schema: Schema): string =>
  branchesOf(schema)
    .filter((branch) => objectsOf(branch).length === 0)
    .map((branch) => (branch.const !== undefined ? `\`${typeOf(branch)}\`` : typeOf(branch)))
    .join(" or ");

function defaultOf({ default: value }: Schema): string {
  if (value === undefined) return "";
  if (value === null) return "null";
  if (typeof value === "object") return Array.isArray(value) ? `\`${JSON.stringify(value)}\`` : "";
  return `\`${String(value)}\``;
}
