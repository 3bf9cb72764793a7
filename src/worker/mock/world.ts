import type { MockSettings } from "../../domain/settings.js";
import type { Architecture, Space } from "../../domain/space.js";
import { rng } from "../../util/rng.js";

/**
 * The made-up world of the mock worker. Everything here is invented so that search logic can be tested in seconds, and
 * nothing of it is evidence for any method:
 *
 * - In each slot one candidate is *planted*: its quality is 1, that of the others is drawn from [0.2, 0.8].
 * - Each class has a difficulty d in [0, 1], evenly spread over the classes in a drawn order. A block that saw every image
 *   of class c for t epochs has learnt the share 1 - exp(-t / tau(c)), tau(c) = fast (slow / fast)^d: DA-NAS's claim, that
 *   blocks show what they are worth early on easy classes, made true by construction.
 * - A path's accuracy on class c rises linearly with its blocks' mean quality x share learnt, from chance to 1 - 0.3 d.
 */
export interface World {
  /** [slot][candidate], 1 for the planted one */
  readonly quality: readonly (readonly number[])[];
  readonly planted: Architecture;
  /** [class], 0 = easiest */
  readonly difficulty: readonly number[];
  /** epochs until a block has learnt 63 % of a class of this difficulty */
  tau(difficulty: number): number;
  /** accuracy of a path whose blocks have on average learnt `competence` (quality x share) of a class */
  accuracy(competence: number, difficulty: number): number;
}

export function makeWorld(settings: MockSettings, space: Space): World {
  const draw = rng(settings.seed).fork("mock");
  // by the slot's and the candidate's names: a space of one path has the blocks of the supernet it was taken from
  const qualities = space.slots.map((slot) =>
    slot.candidates.map(({ name }) => 0.2 + 0.6 * draw.fork("quality").fork(slot.name).fork(name).next()),
  );
  const planted = space.slots.map((slot) => {
    const lots = slot.candidates.map(({ name }) => draw.fork("planted").fork(slot.name).fork(name).next());
    return lots.indexOf(Math.max(...lots));
  });
  const alone = space.slots.every((slot) => slot.candidates.length === 1);
  const quality = qualities.map((row, slot) =>
    row.map((value, candidate) => (!alone && planted[slot] === candidate ? 1 : value)),
  );
  const order = draw.fork("difficulty").shuffle(Array.from({ length: space.classes }, (_, index) => index));
  const difficulty = new Array<number>(space.classes);
  for (const [rank, index] of order.entries()) difficulty[index] = space.classes === 1 ? 0 : rank / (space.classes - 1);
  const chance = 1 / space.classes;
  return {
    quality,
    planted,
    difficulty,
    tau: (d) => settings.fastEpochs * (settings.slowEpochs / settings.fastEpochs) ** d,
    accuracy: (competence, d) => chance + (1 - 0.3 * d - chance) * competence,
  };
}
