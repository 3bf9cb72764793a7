import { expectedCost } from "../../src/cost/expected.js";
import { costTable } from "../../src/cost/table.js";
import type { CostTable } from "../../src/domain/cost.js";
import type { Snapshot } from "../../src/domain/decision.js";
import type { Plan } from "../../src/domain/plan.js";
import type { JournalEntry } from "../../src/journal/port.js";

/**
 * The histories were made by the first danas and stay as it wrote them. Its words, in those of today: what was decided
 * must be the same, whatever its form.
 */
export function inWordsOfToday(line: string, { space }: Plan): JournalEntry {
  const costs = costTable(space);
  return JSON.parse(line, (_, value: unknown) => (isMap(value) ? translated(value, costs) : value)) as JournalEntry;
}

type Tree = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Tree => value !== null && typeof value === "object" && !Array.isArray(value);

function translated(value: Tree, costs: CostTable): Tree {
  if (value.kind === "prepare" && "labelSmoothing" in value) {
    const { labelSmoothing, ...rest } = value;
    return { ...rest, task: { kind: "classification", labelSmoothing } };
  }
  if ("perClass" in value && Array.isArray(value.perClass)) {
    return { ...value, perClass: value.perClass.map((accuracy: number | null) => accuracy ?? -1) };
  }
  if (value.type === "snapshot" && "expectedMacs" in value) {
    const { expectedMacs, ...rest } = value;
    const { probabilities } = value as unknown as Snapshot;
    // the expected parameters were not written down then
    return { ...rest, expected: { ...expectedCost(costs, probabilities), macs: expectedMacs } };
  }
  return value;
}
