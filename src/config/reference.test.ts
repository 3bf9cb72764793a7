import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { jsonSchema } from "./json-schema.js";
import { referencePage } from "./reference.js";
import { configSchema } from "./schema.js";

describe("the reference page", () => {
  it("is docs/config.md (write it again with `danas docs config > docs/config.md`)", () => {
    const page = readFileSync(new URL("../../docs/config.md", import.meta.url), "utf8");
    expect(page).toBe(referencePage());
  });

  it("says something of every key", () => {
    const rows = referencePage()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows.length).toBeGreaterThan(100);
    for (const row of rows) expect(row, row).not.toMatch(/\| {2}\|$/);
  });
});

describe("the JSON Schema", () => {
  it("knows the keys of the config and refuses others", () => {
    const schema = JSON.parse(jsonSchema()) as {
      properties: object;
      required: string[];
      additionalProperties: boolean;
    };
    expect(Object.keys(schema.properties)).toEqual(Object.keys(configSchema.shape));
    expect(schema.required).toEqual(["data", "space"]);
    expect(schema.additionalProperties).toBe(false);
  });
});
