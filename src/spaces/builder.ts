import { DanasError } from "../domain/errors.js";
import {
  type Activation,
  type Block,
  type Candidate,
  type InputShape,
  outSize,
  type Slot,
  type Space,
} from "../domain/space.js";
import type { SpaceSpec, SqueezeSpec, StageSpec } from "../domain/space-spec.js";
import { type CandidateSpec, parseCandidate } from "./grammar.js";

/** what a block is given: the output of the one before */
interface Cursor {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** a block's place, still without its op */
interface Site extends Cursor {
  readonly outChannels: number;
  readonly stride: number;
}

/**
 * Resolves every shape of a space, stem to head.
 * @throws DanasError E_SPACE naming the part (`stem block 2`, `slot 3.1`, `head`) and the candidate
 */
export function buildSpace(spec: SpaceSpec, input: InputShape, classes: number): Space {
  if (spec.stages.length === 0) throw new DanasError("E_SPACE", `space "${spec.name}" has no stage`);
  for (const [name, value] of Object.entries({ ...input, classes })) positive(`the data's ${name}`, value);
  positive("squeeze.ratio", spec.squeeze.ratio, Number.isFinite);
  let at: Cursor = input;
  const advance = (block: Block): Block => {
    at = {
      channels: block.outChannels,
      height: outSize(block.height, block.stride),
      width: outSize(block.width, block.stride),
    };
    return block;
  };
  const stem = spec.stem.map((fixed, index) =>
    within(`stem block ${index + 1}`, () =>
      advance(place(fixed.op, siteAt(at, fixed.width, fixed.stride), spec.activation, spec.squeeze)),
    ),
  );
  const slots: Slot[] = [];
  for (const [stageIndex, stage] of spec.stages.entries()) {
    if (stage.slots < 1)
      throw new DanasError("E_SPACE", `stage ${stageIndex + 1} has no slot`, { hint: "leave it out" });
    for (let position = 0; position < stage.slots; position++) {
      const name = `${stageIndex + 1}.${position + 1}`;
      const slot = within(`slot ${name}`, () => buildSlot(name, stageIndex + 1, position, stage, spec, at));
      advance(slot.candidates[0].block);
      slots.push(slot);
    }
  }
  const activation = spec.head.activation ?? spec.activation;
  const blocks =
    spec.head.width === 0
      ? []
      : [within("head", () => advance(place("c1", siteAt(at, spec.head.width, 1), activation, spec.squeeze)))];
  const { hidden, dropout } = spec.head;
  const head = { blocks, hidden, hiddenActivation: activation, dropout };
  return { name: spec.name, input, classes, stem, slots, head };
}

function positive(what: string, value: number, fits: (value: number) => boolean = Number.isSafeInteger): void {
  if (fits(value) && value > 0) return;
  throw new DanasError(
    "E_SPACE",
    `${what} must be positive${fits === Number.isSafeInteger ? " and whole" : ""}, not ${value}`,
  );
}

/** says in which part of the space a problem lies */
function within<T>(where: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof DanasError)) throw error;
    throw new DanasError(
      error.code,
      `${where}: ${error.message}`,
      error.hint === undefined ? {} : { hint: error.hint },
    );
  }
}

function siteAt(at: Cursor, outChannels: number, stride: number): Site {
  positive("the width", outChannels);
  positive("the stride", stride);
  if (stride > 1 && at.height === 1 && at.width === 1) {
    throw new DanasError("E_SPACE", `a stride of ${stride} has nothing left to shrink: the input here is 1x1`, {
      hint: "use stride 1 here or before, or larger images",
    });
  }
  return { ...at, outChannels, stride };
}

function buildSlot(name: string, stage: number, position: number, spec: StageSpec, space: SpaceSpec, at: Cursor): Slot {
  const site = siteAt(at, spec.width, position === 0 ? spec.stride : 1);
  const candidates: Candidate[] = [];
  for (const text of spec.candidates) {
    const replaced = text === "skip" && !identityFits(site);
    if (replaced && !spec.skipDownsamples) continue;
    const block = place(replaced ? "c1@none" : text, site, spec.activation ?? space.activation, space.squeeze);
    const same = candidates.find((candidate) => JSON.stringify(candidate.block) === JSON.stringify(block));
    if (same) {
      const what =
        same.name === text
          ? `candidate ${text} is named twice`
          : `candidates ${same.name} and ${text} are the same block here`;
      throw new DanasError("E_SPACE", what, { hint: `leave ${text} out` });
    }
    candidates.push({ name: text, block });
  }
  if (candidates.length === 0) {
    throw new DanasError("E_SPACE", "no candidate fits: skip needs stride 1 and equal widths", {
      hint: "add a candidate such as k3e3, or set skipDownsamples",
    });
  }
  return { name, stage, candidates };
}

const identityFits = ({ stride, channels, outChannels }: Site): boolean => stride === 1 && channels === outChannels;

function place(text: string, site: Site, activation: Activation, squeeze: SqueezeSpec): Block {
  const { channels: inChannels, outChannels, stride, height, width } = site;
  return {
    op: opOf(text, parseCandidate(text), site, activation, squeeze),
    inChannels,
    outChannels,
    stride,
    height,
    width,
  };
}

function opOf(
  text: string,
  spec: CandidateSpec,
  site: Site,
  activation: Activation,
  squeeze: SqueezeSpec,
): Block["op"] {
  switch (spec.kind) {
    case "skip":
      if (identityFits(site)) return { kind: "skip" };
      throw new DanasError(
        "E_SPACE",
        `skip needs stride 1 and equal widths; here the stride is ${site.stride}, the widths are ${site.channels} and ${site.outChannels}`,
        { hint: "use c1@none, a 1x1 convolution without activation" },
      );
    case "conv":
      return { kind: "conv", kernel: spec.kernel, activation: spec.activation ?? activation };
    case "mbconv": {
      const hidden = Math.round(spec.expansion * site.channels);
      if (hidden < 1) {
        throw new DanasError("E_SPACE", `candidate ${text} leaves no channel of ${site.channels}`, {
          hint: "use an expansion of 1 or more",
        });
      }
      return {
        kind: "mbconv",
        kernel: spec.kernel,
        hidden,
        squeeze: spec.squeeze ? squeezed(squeeze, site.channels, hidden) : 0,
        activation: spec.activation ?? activation,
        gate: squeeze.gate,
      };
    }
  }
}

/** EfficientNet squeezes to a share of the block's input; MobileNetV3 to a share of the hidden width, rounded to 8 */
function squeezed({ ratio, of }: SqueezeSpec, input: number, hidden: number): number {
  return of === "input" ? Math.max(1, Math.floor(ratio * input)) : makeDivisible(ratio * hidden, 8);
}

/** nearest multiple, never less than 90 % of the value (MobileNetV2's rule) [C] */
export function makeDivisible(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor(value / divisor + 0.5) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}
