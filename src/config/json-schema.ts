import { z } from "zod";
import { configSchema } from "./schema.js";
import type { Schema } from "./walk.js";

let tree: Schema | undefined;

/** The config's schema as plain data, for our own messages and pages; made when first asked for. */
export const schemaTree = (): Schema => {
  tree ??= z.toJSONSchema(configSchema, { io: "input" }) as Schema;
  return tree;
};

/** The schema for editors (JSON Schema 2020-12): completion, help on hover, mistakes underlined while typing. */
export function jsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    reused: "ref",
    override: ({ jsonSchema: one }) => {
      delete one.written; // ours, for the reference page
    },
  });
  return `${JSON.stringify({ ...schema, title: "danas config" }, null, 2)}\n`;
}
