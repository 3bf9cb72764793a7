import type { Decision } from "../domain/decision.js";
import type { Journal } from "../journal/port.js";
import { initialState, type RunState } from "./state.js";
import { step } from "./step.js";

export interface ReplayReport {
  readonly entries: number;
  readonly decisions: number;
  readonly state: RunState;
  /** null: every decision came out as it was recorded */
  readonly divergence: Divergence | null;
}

/** the first place where today's logic decides otherwise than was recorded */
export interface Divergence {
  readonly seq: number;
  /** position among the entry's decisions */
  readonly index: number;
  readonly recorded: Decision | null;
  readonly recomputed: Decision | null;
  /** where the two first differ, as a path into the decision: `job.steps.0.learningRate` */
  readonly at: string;
}

/** Decides the whole run again from its events, with no worker, and compares. Stops at the first divergence. */
export function replay(journal: Journal): ReplayReport {
  let state = initialState;
  let entries = 0;
  let decisions = 0;
  for (const entry of journal.entries()) {
    const next = step(journal.plan, state, entry.event);
    // what was recorded went through JSON; so does what it is compared with
    const recomputed = JSON.parse(JSON.stringify(next.decisions)) as Decision[];
    for (let index = 0; index < Math.max(recomputed.length, entry.decisions.length); index++) {
      const [ours, theirs] = [recomputed[index] ?? null, entry.decisions[index] ?? null];
      const at = difference(theirs, ours);
      if (at === null) continue;
      return {
        entries,
        decisions,
        state,
        divergence: { seq: entry.seq, index, recorded: theirs, recomputed: ours, at },
      };
    }
    state = next.state;
    entries++;
    decisions += recomputed.length;
  }
  return { entries, decisions, state, divergence: null };
}

/** Path to the first place where two values of plain JSON differ, "" at their root. @returns null where they are the same */
function difference(a: unknown, b: unknown): string | null {
  if (a === b) return null;
  if (!isTree(a) || !isTree(b) || Array.isArray(a) !== Array.isArray(b)) return "";
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const rest = difference(a[key], b[key]);
    if (rest !== null) return rest === "" ? key : `${key}.${rest}`;
  }
  return null;
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
