import type { Event } from "../domain/event.js";
import type { Plan } from "../domain/plan.js";
import { initialState, type RunState } from "./state.js";
import { step } from "./step.js";

/** The state after these events. */
export function fold(plan: Plan, events: Iterable<Event>, from: RunState = initialState): RunState {
  let state = from;
  for (const event of events) state = step(plan, state, event).state;
  return state;
}
