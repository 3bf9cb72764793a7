import type { JournalEntry } from "../../src/journal/port.js";

/**
 * The histories were made by the first danas and stay as it wrote them. Its words, in those of today: what was decided
 * must be the same, whatever its form.
 */
export function inWordsOfToday(line: string): JournalEntry {
  return JSON.parse(line, (_, value: unknown) => (isMap(value) ? translated(value) : value)) as JournalEntry;
}

type Tree = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Tree => value !== null && typeof value === "object" && !Array.isArray(value);

function translated(value: Tree): Tree {
  if (value.kind === "prepare" && "labelSmoothing" in value) {
    const { labelSmoothing, ...rest } = value;
    return { ...rest, task: { kind: "classification", labelSmoothing } };
  }
  if ("perClass" in value && Array.isArray(value.perClass)) {
    return { ...value, perClass: value.perClass.map((accuracy: number | null) => accuracy ?? -1) };
  }
  return value;
}
