/**
 * A search space as plain data, every shape resolved: what is written here is what the worker builds, with no
 * arithmetic left to do on the other side of the wire.
 *
 * Words: a *slot* is a place where one candidate is chosen; a *candidate* is a named block that fits the slot; a
 * *stage* is a run of slots with the same width; an *architecture* is one candidate index per slot.
 */

export type Activation = "relu" | "relu6" | "hswish" | "silu" | "none";
export type Gate = "sigmoid" | "hsigmoid";

/**
 * Inverted bottleneck: 1x1 conv to `hidden` channels (absent where hidden equals the input width), k x k depthwise,
 * squeeze-and-excitation where `squeeze` > 0, linear 1x1 projection. Every conv is followed by batch norm. Residual
 * where stride is 1 and the widths agree.
 */
export interface MbConv {
  readonly kind: "mbconv";
  readonly kernel: number;
  readonly hidden: number;
  /** channels of the squeezed vector; 0 = no squeeze-and-excitation. Its two 1x1 convs have biases, no batch norm. */
  readonly squeeze: number;
  readonly activation: Activation;
  /** squeeze-and-excitation's gate; its inner activation is relu under hsigmoid, else `activation` */
  readonly gate: Gate;
}

/** k x k convolution, batch norm, activation; no residual, padding (k - 1) / 2 */
export interface Conv {
  readonly kind: "conv";
  readonly kernel: number;
  readonly activation: Activation;
}

/** Identity. Only where stride is 1 and the widths agree. */
export interface Skip {
  readonly kind: "skip";
}

export type Op = MbConv | Conv | Skip;

/** An op in its place: `height` x `width` are the input's, in pixels; the output's are ceil(size / stride). */
export interface Block {
  readonly op: Op;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
  readonly height: number;
  readonly width: number;
}

export interface Candidate {
  /** as it is written and read: `k5e6se`, `c3`, `skip`; unique within its slot */
  readonly name: string;
  readonly block: Block;
}

export interface Slot {
  /** `stage.position`, both from 1: `3.2` */
  readonly name: string;
  readonly stage: number;
  readonly candidates: readonly Candidate[];
}

/** blocks, global average pooling, an optional hidden linear layer, dropout, the classifier */
export interface Head {
  readonly blocks: readonly Block[];
  /** width of the hidden linear layer; 0 = none */
  readonly hidden: number;
  readonly hiddenActivation: Activation;
  readonly dropout: number;
}

export interface InputShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export interface Space {
  readonly name: string;
  readonly input: InputShape;
  readonly classes: number;
  readonly stem: readonly Block[];
  readonly slots: readonly Slot[];
  readonly head: Head;
}

/** the candidate's index in each slot */
export type Architecture = readonly number[];

/** per slot, the indices of candidates not yet pruned, ascending, never empty */
export type Alive = readonly (readonly number[])[];

export const allAlive = (space: Space): Alive => space.slots.map((slot) => slot.candidates.map((_, index) => index));

/** height or width of a block's output: padding is "same", so it depends on the stride alone */
export const outSize = (size: number, stride: number): number => Math.ceil(size / stride);
