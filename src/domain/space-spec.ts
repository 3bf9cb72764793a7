import type { Activation, SqueezeGate } from "./space.js";

/**
 * A space as a person writes it; the builder turns it into a Space with every shape resolved.
 *
 * A candidate is written by a small grammar: `k5e6` (mbconv, kernel 5, expansion 6), `k5e6se` (with
 * squeeze-and-excitation), `c3` (plain 3x3 convolution), `skip`; `@hswish` and the like override the activation, as in
 * `k3e6se@hswish`. An expansion may be a decimal (`e2.3`): hidden width = round(expansion x input width).
 */
export interface SpaceSpec {
  readonly name: string;
  /** default activation of every block */
  readonly activation: Activation;
  /** fixed blocks before the first slot, in order */
  readonly stem: readonly FixedSpec[];
  readonly stages: readonly StageSpec[];
  readonly head: HeadSpec;
  readonly squeeze: SqueezeSpec;
}

export interface FixedSpec {
  /** one candidate of the grammar */
  readonly op: string;
  readonly width: number;
  readonly stride: number;
}

/** `slots` places of equal width; the first one has the stride */
export interface StageSpec {
  readonly width: number;
  readonly slots: number;
  readonly stride: number;
  /**
   * what may stand in each slot. Where a slot changes resolution or width, `skip` is left out, or, under
   * `skipDownsamples`, becomes a 1x1 convolution with batch norm, no activation, of the slot's stride.
   */
  readonly candidates: readonly string[];
  readonly activation?: Activation;
  readonly skipDownsamples?: boolean;
}

export interface HeadSpec {
  /** 1x1 convolution before the pooling; 0 = none */
  readonly width: number;
  /** hidden linear layer after the pooling; 0 = none */
  readonly hidden: number;
  readonly dropout: number;
  readonly activation?: Activation;
}

export interface SqueezeSpec {
  /** squeezed channels = ratio x the channels of `of`: floor for the block's input (EfficientNet), nearest multiple of 8 for hidden (MobileNetV3) */
  readonly ratio: number;
  readonly of: "input" | "hidden";
  readonly gate: SqueezeGate;
}
