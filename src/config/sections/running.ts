import { z } from "zod";
import { count, nonNegative, positive } from "../../options/scalars.js";
import type { Filling } from "../context.js";

/** What decides where and how a run is carried out. Nothing here depends on another section: the defaults say everything. */

export const compute = z
  .strictObject({
    device: z.enum(["auto", "cpu", "cuda"]).default("auto").describe("auto: cuda where there is one."),
    precision: z
      .enum(["float32", "bfloat16", "float16"])
      .default("float32")
      .describe("Of the forward pass. float16 needs cuda."),
    channelsLast: z.boolean().default(true).describe("Memory order that convolutions like: up to 2x faster."),
    compile: z.boolean().default(false).describe("torch.compile; needs a C++ compiler, on cuda also Triton."),
    threads: z.int().min(0).max(4096).default(0).describe("CPU threads of the worker; 0 = all cores."),
  })
  .prefault({})
  .describe("What the worker computes with.");

export const pipeline = z
  .strictObject({
    lag: z
      .int()
      .min(0)
      .max(64)
      .default(1)
      .describe("Job k is proposed from the signals of jobs before k - lag. 0 = textbook order, the worker waits."),
    stepsPerJob: count.max(100_000).default(20).describe("Weight steps in a job, at most."),
  })
  .prefault({})
  .describe("How the search and the worker overlap.");

export const checkpoints = z
  .strictObject({
    everySeconds: nonNegative
      .default(5)
      .describe("Between checkpoints; longer where they take more than 1.5 % of the time. 0 = only at a stop."),
    keep: count.max(1000).default(2).describe("The last so many are kept."),
    rounds: z.boolean().default(true).describe("Also one at the start of each round after the first, kept for good."),
  })
  .prefault({})
  .describe("What a killed run goes on from.");

export const divergence = z
  .strictObject({
    rule: z
      .enum(["lower-rate", "skip-batch", "stop"])
      .default("lower-rate")
      .describe(
        "The weights go back to before the job that failed. lower-rate: it is done again, and all after it to the end of the program (rank, search or retrain), with learning rates times factor. skip-batch: the step that failed takes the next batch instead. stop: the run fails.",
      ),
    factor: positive.lt(1, "must be less than 1").default(0.5).describe("On every learning rate, each time."),
    tries: z.int().min(0).max(1000).default(3).describe("How often within one program, before the run fails."),
  })
  .prefault({})
  .describe("What to do where a loss becomes NaN or infinite.");

export function checkCompute(at: Filling, { device, precision }: z.output<typeof compute>): void {
  if (precision === "float16" && device === "cpu") {
    at.problem(["compute", "precision"], "E_COMPUTE", "float16 needs a GPU", "use bfloat16 or float32 on the CPU");
  }
}
