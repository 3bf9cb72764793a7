import type { Io } from "../io.js";

/** `danas docs config|schema`: the reference page and the JSON Schema, both written from the config's one schema. */
export async function docs(what: "config" | "schema", io: Io): Promise<number> {
  if (what === "config") {
    const { referencePage } = await import("../../config/reference.js");
    io.out(referencePage());
  } else {
    const { jsonSchema } = await import("../../config/json-schema.js");
    io.out(jsonSchema());
  }
  return 0;
}
