import type { Architecture, Space } from "../domain/space.js";

/** One architecture as a space of its own, one candidate per slot: for reference networks and retraining. */
export const singlePathSpace = (space: Space, architecture: Architecture): Space => ({
  ...space,
  slots: space.slots.map((slot, index) => ({ ...slot, candidates: [slot.candidates[architecture[index]]] })),
});
