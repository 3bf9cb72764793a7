import { DanasError } from "../domain/errors.js";
import type { Activation, Block, Candidate, Gate, InputShape, Slot, Space } from "../domain/space.js";
import { outSize } from "../domain/space.js";
import type { SpaceSpec, SqueezeSpec, StageSpec } from "../domain/space-spec.js";
import { type CandidateSpec, parseCandidate } from "./grammar.js";

/** what a block is given: the output of the one before */
interface Cursor {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Resolves every shape of a space, stem to head.
 * @throws DanasError E_SPACE naming the stage and candidate
 */
export function buildSpace(spec: SpaceSpec, input: InputShape, classes: number): Space {
  if (spec.stages.length === 0) throw new DanasError("E_SPACE", `space "${spec.name}" has no stage`);
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
      advance(place(parseCandidate(fixed.op), at, fixed.width, fixed.stride, spec.activation, spec.squeeze)),
    ),
  );
  const slots: Slot[] = [];
  for (const [stageIndex, stage] of spec.stages.entries()) {
    for (let position = 0; position < stage.slots; position++) {
      const name = `${stageIndex + 1}.${position + 1}`;
      const slot = within(`slot ${name}`, () => buildSlot(name, stageIndex + 1, position, stage, spec, at));
      advance(slot.candidates[0].block);
      slots.push(slot);
    }
  }
  const blocks: Block[] = [];
  if (spec.head.width > 0) {
    const activation = spec.head.activation ?? spec.activation;
    blocks.push(
      advance(place({ kind: "conv", kernel: 1, activation }, at, spec.head.width, 1, activation, spec.squeeze)),
    );
  }
  const head = {
    blocks,
    hidden: spec.head.hidden,
    hiddenActivation: spec.head.activation ?? spec.activation,
    dropout: spec.head.dropout,
  };
  return { name: spec.name, input, classes, stem, slots, head };
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

function buildSlot(name: string, stage: number, position: number, spec: StageSpec, space: SpaceSpec, at: Cursor): Slot {
  const stride = position === 0 ? spec.stride : 1;
  const activation = spec.activation ?? space.activation;
  const candidates: Candidate[] = [];
  for (const text of spec.candidates) {
    if (candidates.some((candidate) => candidate.name === text)) {
      throw new DanasError("E_SPACE", `candidate ${text} is named twice`, { hint: "name each candidate once" });
    }
    const parsed = parseCandidate(text);
    const identityFits = stride === 1 && at.channels === spec.width;
    if (parsed.kind === "skip" && !identityFits) {
      if (!spec.skipDownsamples) continue;
      const pointwise = { kind: "conv", kernel: 1, activation: "none" } as const;
      candidates.push({ name: text, block: place(pointwise, at, spec.width, stride, activation, space.squeeze) });
      continue;
    }
    candidates.push({ name: text, block: place(parsed, at, spec.width, stride, activation, space.squeeze) });
  }
  if (candidates.length === 0) {
    throw new DanasError("E_SPACE", "no candidate fits: skip needs stride 1 and equal widths", {
      hint: "add a candidate such as k3e3, or set skipDownsamples",
    });
  }
  return { name, stage, candidates };
}

function place(
  spec: CandidateSpec,
  at: Cursor,
  outChannels: number,
  stride: number,
  activation: Activation,
  squeeze: SqueezeSpec,
): Block {
  const shape = { inChannels: at.channels, outChannels, stride, height: at.height, width: at.width };
  switch (spec.kind) {
    case "skip":
      return { op: { kind: "skip" }, ...shape };
    case "conv":
      return { op: { kind: "conv", kernel: spec.kernel, activation: spec.activation ?? activation }, ...shape };
    case "mbconv": {
      const hidden = Math.round(spec.expansion * at.channels);
      if (hidden < 1) throw new DanasError("E_SPACE", `an expansion of ${spec.expansion} leaves no channel`);
      const op = {
        kind: "mbconv",
        kernel: spec.kernel,
        hidden,
        squeeze: spec.squeeze ? squeezed(squeeze, at.channels, hidden) : 0,
        activation: spec.activation ?? activation,
        gate: squeeze.gate as Gate,
      } as const;
      return { op, ...shape };
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
