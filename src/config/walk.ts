import type { z } from "zod";
import type { Path } from "./document.js";

/** Looks into the config's JSON Schema: which keys there are at a place, and what is said about them. */

/** `written`: how a person writes it, where the schema's own words for it would not tell (options/scalars.ts) */
export type Schema = z.core.JSONSchema.BaseSchema & { readonly written?: string };

export const branchesOf = ({ anyOf, oneOf }: Schema): readonly Schema[] => (anyOf ?? oneOf ?? []) as Schema[];

export const elementOf = ({ items }: Schema): Schema | undefined => items as Schema | undefined;

export const keysOf = ({ properties }: Schema): Readonly<Record<string, Schema>> =>
  (properties ?? {}) as Record<string, Schema>;

/** the objects a value at this place may be */
export const objectsOf = (schema: Schema): readonly Schema[] =>
  schema.properties ? [schema] : branchesOf(schema).flatMap(objectsOf);

/** the key whose literal tells the branches of a union apart; undefined where there is none */
export function discriminatorOf(schema: Schema): string | undefined {
  const [first, ...others] = schema.oneOf ? objectsOf(schema) : [];
  return Object.keys(first ? keysOf(first) : {}).find((key) =>
    [first, ...others].every((object) => keysOf(object)[key]?.const !== undefined),
  );
}

/** The object that the value means: by its discriminator, else the one that knows most of its keys. */
export function objectMeant(schema: Schema, value: unknown): Schema | null {
  const objects = objectsOf(schema);
  if (objects.length < 2) return objects[0] ?? null;
  const given = value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
  const discriminator = discriminatorOf(schema);
  if (discriminator) {
    // left out, it means the branch that has it as its default
    const wanted = given[discriminator];
    return (
      objects.find((object) => {
        const { const: literal, default: fallback } = keysOf(object)[discriminator];
        return wanted === undefined ? fallback !== undefined : literal === wanted;
      }) ?? null
    );
  }
  const known = (object: Schema) => Object.keys(given).filter((key) => Object.hasOwn(keysOf(object), key)).length;
  return objects.reduce((best, object) => (known(object) > known(best) ? object : best));
}

/** the schema of the thing at the path, as far as the value says which branch is meant */
export function schemaAt(root: Schema, path: Path, value: unknown): Schema | null {
  let schema: Schema = root;
  let at: unknown = value;
  for (const key of path) {
    const keys = keysOf(objectMeant(schema, at) ?? {});
    const next = Object.hasOwn(keys, key) ? keys[key] : (elementOf(schema) ?? schema.additionalProperties);
    if (!next || next === true) return null;
    schema = next as Schema;
    at = at !== null && typeof at === "object" ? (at as Record<string, unknown>)[String(key)] : undefined;
  }
  return schema;
}
