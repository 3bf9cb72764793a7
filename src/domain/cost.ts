import type { Architecture } from "./space.js";

/** macs: multiply-adds of convolutions and linear layers for one image (one multiply-add = 1). params: learnt scalars. */
export interface Cost {
  readonly macs: number;
  readonly params: number;
}

/** a network's cost is `fixed` plus one entry per slot; all exact integers */
export interface CostTable {
  /** stem and head */
  readonly fixed: Cost;
  /** [slot][candidate] */
  readonly slots: readonly (readonly Cost[])[];
}

export interface Budget {
  /** null = no limit */
  readonly maxMacs: number | null;
  readonly minMacs: number | null;
  readonly maxParams: number | null;
}

export interface PricedArchitecture extends Cost {
  readonly architecture: Architecture;
  /** readable form, see spaces/encoding */
  readonly encoded: string;
}
