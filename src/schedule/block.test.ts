import { expect, it } from "vitest";
import { blockEnd, trainBlock } from "./block.js";

it("a block of weight steps has so many at most, and ends with its epoch", () => {
  // epochs of 24 steps, jobs of 10
  expect([0, 10, 20, 24].map((step) => blockEnd(step, 10, 24))).toEqual([10, 20, 24, 34]);
});

it("a train job counts its rates from the round's step and its batches from the stream's", () => {
  const paths = [{ architecture: [0, 1], weight: 1 }];
  const block = {
    stream: "train",
    scope: "all",
    step: 5,
    batch: 105,
    learningRate: (step: number) => step / 10,
  } as const;
  expect(trainBlock(block, [paths, paths])).toEqual({
    kind: "train",
    stream: "train",
    scope: "all",
    steps: [
      { paths, learningRate: 0.5, batch: 105 },
      { paths, learningRate: 0.6, batch: 106 },
    ],
  });
});
