import { z } from "zod";
import { limitsIn } from "../../cost/written.js";
import type { Around } from "../../options/around.js";
import { costHelp, costKeys, costTermOf, fillCost } from "../../options/cost.js";
import { bestOf, finalOf, mostLikely } from "../../options/final.js";
import { fillGate, gate, gateMode } from "../../options/gate.js";
import { learningRate } from "../../options/recipe.js";
import { epochs } from "../../options/scalars.js";
import { fillSearching, searching } from "../../options/searching.js";

export const name = "proxyless";

export const schema = z.strictObject({
  strategy: z.literal(name),
  warmupEpochs: z.int().min(0).max(100_000).default(40).describe("Epochs on uniformly drawn paths first."),
  warmupLearningRate: learningRate.prefault(0.05).describe("Of the warm-up."),
  epochs: epochs.default(120).describe("Epochs of the search."),
  gateMode: gateMode.default("two-path"),
  gate,
  cost: z.strictObject(costKeys("linear")).prefault({}).describe(costHelp),
  final: z
    .union([mostLikely, z.literal("argmax"), bestOf])
    .optional()
    .describe(
      "argmax: the most likely candidate of each slot (the paper's, whatever it costs). Default: most-likely where there is a budget, else argmax.",
    ),
  ...searching,
});

export function fill(written: z.output<typeof schema>, around: Around) {
  const common = fillSearching(written, around);
  const { strategy, warmupEpochs, warmupLearningRate, epochs, gateMode, batchSize } = written;
  return {
    strategy,
    warmupEpochs,
    warmupLearningRate,
    epochs,
    gateMode,
    gate: fillGate(written.gate, batchSize),
    cost: fillCost(written.cost, "linear", around),
    // the paper's argmax knows no budget: where there is one, it is kept
    final: written.final ?? (limitsIn(around.budget).length > 0 ? ("most-likely" as const) : ("argmax" as const)),
    ...common,
  };
}

export type ProxylessOptions = ReturnType<typeof plan>;

export function plan(complete: ReturnType<typeof fill>) {
  const { warmupEpochs, warmupLearningRate, epochs, gateMode, gate, cost, final } = complete;
  return {
    name,
    warmupEpochs,
    warmupLearningRate,
    epochs,
    gateMode,
    gate,
    cost: costTermOf(cost),
    final: finalOf(final),
  };
}
