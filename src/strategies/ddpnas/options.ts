import { z } from "zod";
import type { Around } from "../../options/around.js";
import { count, fraction, positive } from "../../options/scalars.js";
import { fillSearching, searching } from "../../options/searching.js";

export const name = "ddpnas";

export const schema = z.strictObject({
  strategy: z.literal(name),
  passes: count.max(1000).default(3).describe("Passes over all alive candidates before each cut."),
  epochsPerPath: positive.max(1000).default(1).describe("Epochs for each path drawn; less than 1 = part of one."),
  momentum: fraction.lt(1).default(0.5).describe("theta = e + momentum theta."),
  sharpness: positive.default(100).describe("e = softmax(sharpness x validation accuracy)."),
  ...searching,
});

export type DdpnasOptions = {
  readonly name: typeof name;
  /** S, passes before each cut */
  readonly passes: number;
  /** epochs of training for each path drawn; the paper's is 1. Less than 1 = part of an epoch. */
  readonly epochsPerPath: number;
  /** theta = e + momentum theta; the code's is 0.5 */
  readonly momentum: number;
  /** e = softmax(sharpness x accuracy); the code's is 100 */
  readonly sharpness: number;
};

type Complete = ReturnType<typeof fill>;

export const fill = (written: z.output<typeof schema>, around: Around) => ({
  ...written,
  ...fillSearching(written, around),
});

export const plan = ({ passes, epochsPerPath, momentum, sharpness }: Complete): DdpnasOptions => ({
  name,
  passes,
  epochsPerPath,
  momentum,
  sharpness,
});
