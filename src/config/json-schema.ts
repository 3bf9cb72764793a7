import { z } from "zod";
import { configSchema } from "./schema.js";

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
