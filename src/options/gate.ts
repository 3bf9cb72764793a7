import { z } from "zod";
import { count, fraction, positive } from "./scalars.js";

/** Steps on the architecture parameters, as the methods that take gate steps offer them. */

export const gateMode = z
  .enum(["two-path", "full"])
  .describe("two-path: the active candidate and one alternative a slot. full: all that are alive.");

export type GateMode = z.output<typeof gateMode>;

export const gate = z
  .strictObject({
    every: count.max(1_000_000).default(5).describe("A gate step after so many weight steps."),
    learningRate: positive.max(1000).default(1e-3).describe("Adam's, on the architecture parameters."),
    beta1: fraction.lt(1).default(0).describe("Adam's."),
    beta2: fraction.lt(1).default(0.999).describe("Adam's."),
    epsilon: positive.default(1e-8).describe("Adam's."),
    batchSize: count
      .max(1_000_000)
      .optional()
      .describe("Validation images a gate step. Default: the search's batchSize."),
  })
  .prefault({})
  .describe("Steps on the architecture parameters.");

export type GateOptions = Readonly<Required<z.output<typeof gate>>>;

/** @param batchSize the search's */
export const fillGate = (written: z.output<typeof gate>, batchSize: number): GateOptions => ({
  ...written,
  batchSize: written.batchSize ?? batchSize,
});
