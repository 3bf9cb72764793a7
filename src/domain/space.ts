import type * as wire from "../wire/generated/danas/v1/space.js";
import type { Word } from "../wire/words.js";

export type { Activation, SqueezeGate } from "../wire/generated/danas/v1/space.js";

/** A search space as plain data: proto/danas/v1/space.proto says what each part is. */
export interface Space extends Word<wire.Space> {}
export interface Slot extends Word<wire.Slot> {}
export interface Candidate extends Word<wire.Candidate> {}
export interface Block extends Word<wire.Block> {}
export interface InputShape extends Word<wire.InputShape> {}
export type Op = Block["op"];

/** the candidate's index in each slot */
export type Architecture = Word<wire.Architecture>;

/** per slot, the indices of candidates not yet pruned, ascending, never empty */
export type Alive = readonly Word<wire.Candidates>[];

export const allAlive = (space: Space): Alive => space.slots.map((slot) => slot.candidates.map((_, index) => index));

/** height or width of a block's output: padding is "same", so it depends on the stride alone */
export const outSize = (size: number, stride: number): number => Math.ceil(size / stride);
