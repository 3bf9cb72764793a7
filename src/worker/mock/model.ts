import type { StreamSpec } from "../../domain/data.js";
import type { PrepareJob } from "../../domain/job.js";
import { type Alive, type Architecture, allAlive } from "../../domain/space.js";
import type { World } from "./world.js";

/** what a stream is to the mock: which classes, and how many images of each */
export interface MockStream {
  readonly spec: StreamSpec;
  /** positions in the data's classes */
  readonly classes: readonly number[];
  readonly imagesPerClass: number;
  /** a few difficulties that stand for all of them: exact curves of 1,000 classes at each step would take minutes */
  readonly typical: readonly number[];
}

const typicalCount = 8;

export function makeStream(
  spec: StreamSpec,
  names: readonly string[],
  imagesPerClass: number,
  world: World,
): MockStream {
  const classes =
    spec.classes.length === 0 ? names.map((_, index) => index) : spec.classes.map((name) => names.indexOf(name));
  const sorted = classes.map((index) => world.difficulty[index]).sort((a, b) => a - b);
  const count = Math.min(typicalCount, sorted.length);
  const typical = Array.from({ length: count }, (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / count)]);
  return { spec, classes, imagesPerClass, typical };
}

/** epochs of exposure of every block, by the set of classes it was trained on */
interface Exposure {
  readonly classes: readonly number[];
  /** [slot * widest + candidate] */
  readonly epochs: number[];
}

/** The mock's supernet: nothing but how long each block has seen which classes. Plain JSON, so it can be checkpointed. */
export interface MockModel {
  readonly job: PrepareJob;
  readonly streams: Readonly<Record<string, MockStream>>;
  readonly widest: number;
  alive: Alive;
  exposures: Record<string, Exposure>;
}

export function makeModel(job: PrepareJob, streams: Readonly<Record<string, MockStream>>): MockModel {
  const widest = Math.max(...job.space.slots.map((slot) => slot.candidates.length));
  return { job, streams, widest, alive: allAlive(job.space), exposures: {} };
}

/** a step's images, spread evenly over the stream's classes, seen by the blocks of the path */
export function expose(model: MockModel, stream: MockStream, path: Architecture, weight: number): void {
  const key = stream.spec.classes.join("\n");
  let exposure = model.exposures[key];
  if (!exposure) {
    const epochs = new Array<number>(model.job.space.slots.length * model.widest).fill(0);
    exposure = { classes: stream.classes, epochs };
    model.exposures[key] = exposure;
  }
  const epochs = (weight * stream.spec.batchSize) / (stream.classes.length * stream.imagesPerClass);
  for (let slot = 0; slot < path.length; slot++) exposure.epochs[slot * model.widest + path[slot]] += epochs;
}

/** epochs for which a block has seen a class */
function seen(model: MockModel, slot: number, candidate: number, includes: (exposure: Exposure) => boolean): number {
  let epochs = 0;
  for (const exposure of Object.values(model.exposures)) {
    if (includes(exposure)) epochs += exposure.epochs[slot * model.widest + candidate];
  }
  return epochs;
}

/** quality x share learnt of one block, on a class of this difficulty */
export function competence(
  model: MockModel,
  world: World,
  slot: number,
  candidate: number,
  difficulty: number,
  includes: (exposure: Exposure) => boolean,
): number {
  const epochs = seen(model, slot, candidate, includes);
  return world.quality[slot][candidate] * (1 - Math.exp(-epochs / world.tau(difficulty)));
}

const anything = (): boolean => true;

/** accuracy of a path over a stream, from its typical difficulties */
export function typicalAccuracy(model: MockModel, world: World, stream: MockStream, path: Architecture): number {
  let sum = 0;
  for (const difficulty of stream.typical) {
    let learnt = 0;
    for (let slot = 0; slot < path.length; slot++) {
      learnt += competence(model, world, slot, path[slot], difficulty, anything);
    }
    sum += world.accuracy(learnt / path.length, difficulty);
  }
  return sum / stream.typical.length;
}

/** how useful a block is to a stream now: what the mock's gate gradients are made of */
export function usefulness(
  model: MockModel,
  world: World,
  stream: MockStream,
  slot: number,
  candidate: number,
): number {
  let sum = 0;
  for (const difficulty of stream.typical) sum += competence(model, world, slot, candidate, difficulty, anything);
  return sum / stream.typical.length;
}

/** accuracy of a path on each class of a stream, exactly */
export function classAccuracies(model: MockModel, world: World, stream: MockStream, path: Architecture): number[] {
  const sets = Object.values(model.exposures).map((exposure) => ({ exposure, members: new Set(exposure.classes) }));
  return stream.classes.map((index) => {
    const known = new Set(sets.filter(({ members }) => members.has(index)).map(({ exposure }) => exposure));
    let learnt = 0;
    for (let slot = 0; slot < path.length; slot++) {
      learnt += competence(model, world, slot, path[slot], world.difficulty[index], (exposure) => known.has(exposure));
    }
    return world.accuracy(learnt / path.length, world.difficulty[index]);
  });
}
