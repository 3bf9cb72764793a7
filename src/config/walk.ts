import type { z } from "zod";
import type { Path } from "./document.js";

/** Looks into the schema: which keys there are at a place, and what is said about them. */

type Schema = z.core.$ZodType;

interface Def {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
  readonly getter?: () => Schema;
}

export const defOf = (schema: Schema): Def => schema._zod.def as unknown as Def;

/** the schema under defaults, optionals and transforms */
export function bare(schema: Schema): Schema {
  const { type, innerType, in: before } = defOf(schema);
  if (["optional", "default", "prefault", "nullable", "readonly", "nonoptional"].includes(type) && innerType)
    return bare(innerType);
  return type === "pipe" && before ? bare(before) : schema;
}

/** the objects a value at this place may be */
export function objectsOf(schema: Schema): Schema[] {
  const inner = bare(schema);
  const { type, options } = defOf(inner);
  if (type === "object") return [inner];
  return type === "union" && options ? options.flatMap(objectsOf) : [];
}

/** the value of an object's literal field: which branch it is; undefined where it has none of that name */
export function literalOf(object: Schema, field: string): unknown {
  const schema = defOf(object).shape?.[field];
  return schema && defOf(bare(schema)).values?.[0];
}

/** The object that the value means: by its discriminator, else the one that knows most of its keys. */
export function objectMeant(schema: Schema, value: unknown): Schema | null {
  const objects = objectsOf(schema);
  if (objects.length < 2) return objects[0] ?? null;
  const given = value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
  const discriminator = defOf(bare(schema)).discriminator;
  if (discriminator) {
    // left out, it means the branch that has it as its default
    const wanted = given[discriminator];
    const isMeant = (object: Schema) =>
      wanted === undefined ? isDefault(object, discriminator) : literalOf(object, discriminator) === wanted;
    return objects.find(isMeant) ?? null;
  }
  const known = (object: Schema) =>
    Object.keys(given).filter((key) => Object.hasOwn(defOf(object).shape ?? {}, key)).length;
  return objects.reduce((best, object) => (known(object) > known(best) ? object : best));
}

const isDefault = (object: Schema, field: string): boolean => {
  const schema = defOf(object).shape?.[field];
  return schema !== undefined && defOf(schema).type === "default";
};

/** the schema of the thing at the path, as far as the value says which branch is meant */
export function schemaAt(root: Schema, path: Path, value: unknown): Schema | null {
  let schema: Schema = root;
  let at: unknown = value;
  for (const key of path) {
    const inner = bare(schema);
    const def = defOf(inner);
    const object = objectMeant(inner, at);
    const shape = object ? defOf(object).shape : undefined;
    if (shape && Object.hasOwn(shape, String(key))) schema = shape[String(key)];
    else if (def.type === "array" && def.element) schema = def.element;
    else if (def.type === "record" && def.valueType) schema = def.valueType;
    else return null;
    at = at !== null && typeof at === "object" ? (at as Record<string, unknown>)[String(key)] : undefined;
  }
  return schema;
}

/** the description nearest to the outside */
export function describe(schema: Schema): string | null {
  const text = (schema as z.ZodType).description;
  if (text) return text;
  const { innerType, in: before } = defOf(schema);
  const next = innerType ?? before;
  return next ? describe(next) : null;
}
