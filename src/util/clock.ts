/** Time comes in as an argument; the mock worker brings a virtual one. */
export interface Clock {
  /** milliseconds since the epoch */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
