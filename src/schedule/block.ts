import type { TrainJob, TrainScope, WeightedPath } from "../domain/job.js";

/** where a block of weight steps from `step` on ends: after so many at most, and not beyond the next multiple of `every` */
export const blockEnd = (step: number, most: number, every: number): number =>
  Math.min(step + most, (Math.floor(step / every) + 1) * every);

export interface Block {
  readonly stream: string;
  readonly scope: TrainScope;
  /** the first weight step, as the learning rate counts them, and its place in the stream */
  readonly step: number;
  readonly batch: number;
  learningRate(step: number): number;
}

/** @param paths of each weight step */
export const trainBlock = (block: Block, paths: readonly (readonly WeightedPath[])[]): TrainJob => ({
  kind: "train",
  stream: block.stream,
  scope: block.scope,
  steps: paths.map((ofStep, index) => ({
    paths: ofStep,
    learningRate: block.learningRate(block.step + index),
    batch: block.batch + index,
  })),
});
