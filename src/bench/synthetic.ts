import type { PrepareJob } from "../domain/job.js";
import type { Space } from "../domain/space.js";
import { spaceHash } from "../spaces/hash.js";

export const classes = 10;

/** a space made ready on made-up images, for steps to be timed on. @param threads CPU threads; 0 = all cores */
export const prepareJob = (space: Space, batchSize: number, perClass: number, threads: number): PrepareJob => ({
  kind: "prepare",
  space,
  spaceHash: spaceHash(space),
  data: {
    source: { kind: "synthetic", perClass, noise: 0.5 },
    input: space.input,
    classes,
    validFraction: 0.1,
    testFraction: 0.1,
    splitSeed: 1,
    onDevice: "auto",
  },
  streams: [{ name: "train", split: "train", classes: [], batchSize, shuffle: true, seed: 1, augment: null }],
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-4, decayNorm: false, clipValue: null },
  task: { kind: "classification", labelSmoothing: 0.1 },
  compute: { device: "auto", precision: "float32", channelsLast: true, compile: false, threads },
  seed: 1,
  checks: [],
});
