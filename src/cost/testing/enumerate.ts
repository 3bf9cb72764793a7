import type { Alive, Architecture } from "../../domain/space.js";

/** every architecture alive, the last slot running fastest */
export function* everyArchitecture(alive: Alive): Generator<Architecture> {
  const [first, ...rest] = alive;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const candidate of first) for (const others of everyArchitecture(rest)) yield [candidate, ...others];
}
