import { createHash } from "node:crypto";
import type { Space } from "../domain/space.js";

/** sha256 (hex) of the space's canonical JSON: keys sorted, no spaces */
export const spaceHash = (space: Space): string => createHash("sha256").update(canonical(space)).digest("hex");

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
