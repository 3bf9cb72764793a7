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

export const fill = (written: z.output<typeof schema>, around: Around) => ({
  ...written,
  ...fillSearching(written, around),
});

export type DdpnasOptions = ReturnType<typeof plan>;

export function plan({ passes, epochsPerPath, momentum, sharpness }: ReturnType<typeof fill>) {
  return { name, passes, epochsPerPath, momentum, sharpness };
}
