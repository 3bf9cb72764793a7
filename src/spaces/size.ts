import { type Alive, allAlive, type Space } from "../domain/space.js";

/** How many architectures: exact, however many. */
export const countArchitectures = (space: Space, alive: Alive = allAlive(space)): bigint =>
  alive.reduce((product, candidates) => product * BigInt(candidates.length), 1n);
