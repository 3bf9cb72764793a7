import { z } from "zod";
import type { DataSpec } from "../../domain/data.js";
import type { Space } from "../../domain/space.js";
import { buildSpace } from "../../spaces/builder.js";
import { builtinSpace } from "../../spaces/builtins.js";
import { type Filling, located } from "../context.js";
import type { Path } from "../document.js";

const activation = z.enum(["relu", "relu6", "hswish", "silu", "none"]);
const width = z.int().min(1).max(65_536);
const stride = z.int().min(1).max(8);
const candidate = z.string().min(1).max(40);

const fixedBlock = z.strictObject({
  op: candidate.describe("One block, written as a candidate: `c3` is a 3x3 convolution."),
  width: width.describe("Output channels."),
  stride: stride.default(1).describe("1 keeps the resolution, 2 halves it."),
});

const stage = z.strictObject({
  width: width.describe("Output channels of every slot of the stage."),
  slots: z.int().min(1).max(100).describe("How many slots: places where one candidate is chosen."),
  stride: stride.default(1).describe("Stride of the stage's first slot."),
  candidates: z
    .array(candidate)
    .min(1)
    .max(200)
    .describe(
      "What may stand in a slot: `k5e6` (mbconv, kernel 5, expansion 6), `k5e6se` (with squeeze-and-excitation), `c3` (convolution), `skip`; `k3e6@hswish` overrides the activation.",
    ),
  activation: activation.optional().describe("Default: the space's."),
  skipDownsamples: z
    .boolean()
    .default(false)
    .describe("Where `skip` does not fit: a 1x1 convolution in its place, instead of leaving it out."),
});

const spaceSpec = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,64}$/, "must be a short name of letters, digits, dot, dash and underscore")
      .default("custom")
      .describe("A name of your own."),
    activation: activation.default("relu6").describe("Activation of every block that does not name another."),
    stem: z.array(fixedBlock).min(1).max(100).describe("Fixed blocks before the first slot."),
    stages: z.array(stage).min(1).max(100).describe("The stages to search, in order."),
    head: z
      .strictObject({
        width: z.int().min(0).max(65_536).default(1280).describe("1x1 convolution before the pooling; 0 = none."),
        hidden: z.int().min(0).max(65_536).default(0).describe("Hidden linear layer after the pooling; 0 = none."),
        dropout: z.number().min(0).max(0.99).default(0).describe("Before the classifier."),
        activation: activation.optional().describe("Default: the space's."),
      })
      .prefault({})
      .describe("What follows the last slot."),
    squeeze: z
      .strictObject({
        ratio: z.number().gt(0).max(1).default(0.25).describe("Squeezed channels as a share."),
        of: z
          .enum(["input", "hidden"])
          .default("input")
          .describe("Share of what: the block's input (EfficientNet), or its hidden width (MobileNetV3)."),
        gate: z.enum(["sigmoid", "hsigmoid"]).default("sigmoid").describe("Its last activation."),
      })
      .prefault({})
      .describe("How squeeze-and-excitation is built."),
  })
  .describe("A space of your own.");

export const spaceSchema = z
  .union([z.string().min(1).describe("A built-in space; `danas space` lists them."), spaceSpec])
  .describe("The search space: which networks there are.");

/** nothing in it depends on another section: with the schema's defaults it says everything */
export type CompleteSpace = z.output<typeof spaceSchema>;

/** more than any published space, few enough to be priced in a moment */
const maxSlots = 500;
const maxBlocks = 50_000;

/** @returns null where a problem was found */
export function planSpace(at: Filling, space: CompleteSpace, data: DataSpec): Space | null {
  if (typeof space === "string") return located(at, ["space"], () => builtinSpace(space, data.input, data.classes));
  const slots = space.stages.reduce((sum, stage) => sum + stage.slots, 0);
  const blocks = space.stages.reduce((sum, stage) => sum + stage.slots * stage.candidates.length, 0);
  if (slots > maxSlots || blocks > maxBlocks) {
    at.problem(
      ["space", "stages"],
      "E_SPACE",
      `${slots} slots with ${blocks} candidates are too many`,
      `at most ${maxSlots} slots with ${maxBlocks} candidates`,
    );
    return null;
  }
  return located(
    at,
    ({ message }) => blamed(message),
    () => buildSpace(space, data.input, data.classes),
  );
}

/** the builder names the part: `stem block 2: …`, `slot 3.1: …` */
function blamed(message: string): Path {
  const stem = /^stem block (\d+)/.exec(message);
  if (stem) return ["space", "stem", Number(stem[1]) - 1, "op"];
  const slot = /^slot (\d+)\./.exec(message);
  if (slot) return ["space", "stages", Number(slot[1]) - 1, "candidates"];
  return ["space"];
}
