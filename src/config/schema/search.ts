import { z } from "zod";
import { learningRate, recipe } from "../../options/recipe.js";
import { amount, classCount, count, epochs, fraction, nonNegative, positive } from "../../options/scalars.js";

const evaluation = z
  .strictObject({
    batchSize: count.max(1_000_000).default(500).describe("Images a batch."),
    recalibrateBatches: z
      .int()
      .min(0)
      .max(100_000)
      .default(20)
      .describe("Train batches on which a sub-network's batch-norm statistics are estimated first."),
  })
  .prefault({})
  .describe("How networks are measured on validation images.");

const common = { ...recipe({ batchSize: 256, learningRate: 0.025 }), evaluation };

const gateMode = z
  .enum(["two-path", "full"])
  .describe("two-path: the active candidate and one alternative a slot. full: all that are alive.");

const gate = z
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

const cost = (form: "hinge" | "linear") =>
  z
    .strictObject({
      form: z
        .enum(["hinge", "linear", "log-power", "none"])
        .optional()
        .describe(
          `hinge: CE / ln(classes) + lambda max(0, E/T - 1). linear: CE + lambda (E - T)/T. log-power: lambda CE (ln E / ln T)^beta. E: expected MACs, T: target. Default: ${form}; none where there is no target.`,
        ),
      lambda: nonNegative.optional().describe("Weight of the cost. Default: 0.1; 0.2 for log-power."),
      beta: nonNegative.max(100).default(0.3).describe("Exponent of log-power."),
      targetMacs: amount.optional().describe("The MACs aimed at. Default: budget.maxMacs."),
      ...(form === "hinge"
        ? { fromRound: z.int().min(1).max(1000).default(1).describe("The round in which the cost term begins to act.") }
        : {}),
    })
    .prefault({})
    .describe("The cost in the architecture's loss.");

const samples = count.max(100_000);
const mostLikely = z.literal("most-likely");
const bestOf = z.strictObject({
  bestOf: samples.describe("Networks drawn within the budget and compared by validation accuracy."),
});

const round = z.strictObject({
  classes: classCount.describe("Classes in the data: a count, a share such as 30%, or all."),
  epochs: epochs.optional().describe("Default: epochsPerRound."),
  prune: fraction.lt(1).optional().describe("Default: the search's `prune`."),
  gateMode: gateMode.optional().describe("Default: the search's `gateMode`."),
});

export const daNas = z
  .strictObject({
    strategy: z.literal("da-nas").default("da-nas"),
    warmup: z
      .strictObject({
        epochs: z.int().min(0).max(100_000).default(10).describe("Epochs; 0 = no warm-up."),
        classes: classCount.prefault("10%").describe("Classes in the data."),
      })
      .prefault({})
      .describe("Trains the weights on uniformly drawn paths first."),
    rounds: z
      .array(round)
      .min(1)
      .max(1000)
      .prefault([{ classes: "30%" }, { classes: "60%" }, { classes: "all" }])
      .describe(
        "Rounds on growing sets of classes; after each, the least probable candidates are cut. The last has all classes.",
      ),
    epochsPerRound: epochs.default(20).describe("Epochs of each round that does not say otherwise."),
    prune: fraction
      .lt(1)
      .default(0.4)
      .describe("Share of a slot's alive candidates cut at a round's end; one is always kept. 0 = none."),
    order: z
      .enum(["easy-first", "hard-first", "random"])
      .default("easy-first")
      .describe("Which classes come first. easy-first is the method, the others are its controls."),
    gateMode: gateMode.default("two-path"),
    gate,
    cost: cost("hinge"),
    final: z
      .union([mostLikely, bestOf])
      .default("most-likely")
      .describe(
        "How the network is chosen: the most likely one within the budget (exactly), or `{bestOf: 50}` drawn ones by validation accuracy.",
      ),
    ...common,
  })
  .describe("DA-NAS: prune block by block while the data grows from easy classes to all.");

export const proxyless = z
  .strictObject({
    strategy: z.literal("proxyless"),
    warmupEpochs: z.int().min(0).max(100_000).default(40).describe("Epochs on uniformly drawn paths first."),
    warmupLearningRate: learningRate.prefault(0.05).describe("Of the warm-up."),
    epochs: epochs.default(120).describe("Epochs of the search."),
    gateMode: gateMode.default("two-path"),
    gate,
    cost: cost("linear"),
    final: z
      .union([mostLikely, z.literal("argmax"), bestOf])
      .optional()
      .describe(
        "argmax: the most likely candidate of each slot (the paper's, whatever it costs). Default: most-likely where there is a budget, else argmax.",
      ),
    ...common,
  })
  .describe("ProxylessNAS: gradient-based, on all classes, without pruning.");

export const ddpnas = z
  .strictObject({
    strategy: z.literal("ddpnas"),
    passes: count.max(1000).default(3).describe("Passes over all alive candidates before each cut."),
    epochsPerPath: positive.max(1000).default(1).describe("Epochs for each path drawn; less than 1 = part of one."),
    momentum: fraction.lt(1).default(0.5).describe("theta = e + momentum theta."),
    sharpness: positive.default(100).describe("e = softmax(sharpness x validation accuracy)."),
    ...common,
  })
  .describe("DDPNAS: dynamic distribution pruning.");

export const random = z
  .strictObject({
    strategy: z.literal("random"),
    samples: samples.default(50).describe("Networks drawn uniformly from those within the budget."),
    epochs: z
      .int()
      .min(0)
      .max(100_000)
      .default(20)
      .describe("Epochs of training uniform paths before they are compared; 0 = take the first drawn."),
    ...common,
  })
  .describe("Random search under the budget: the baseline of every comparison.");

export const search = z
  .discriminatedUnion("strategy", [daNas, proxyless, ddpnas, random])
  .prefault({})
  .describe("The search method and how the supernet is trained.");
