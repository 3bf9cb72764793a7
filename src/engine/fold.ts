import type { Event } from "../domain/event.js";
import type { Plan } from "../domain/plan.js";
import type { Journal } from "../journal/port.js";
import { initialState, type RunState } from "./state.js";
import { step } from "./step.js";

/** The state after these events. */
export function fold(plan: Plan, events: Iterable<Event>, from: RunState = initialState): RunState {
  let state = from;
  for (const event of events) state = step(plan, state, event).state;
  return state;
}

/** of the run's own state among those that a journal keeps */
export const stateName = "run";

/**
 * Where the run of this journal stands: the state that was saved last, if this logic saved it, and what came after.
 * @param logic null = from the beginning, whatever was saved
 */
export function stateOf(journal: Journal, logic: string | null): RunState {
  const saved = logic === null ? null : journal.savedState(stateName);
  if (saved === null || saved.by !== logic) return fold(journal.plan, journal.events());
  return fold(journal.plan, journal.events(saved.seq + 1), saved.state as RunState);
}
