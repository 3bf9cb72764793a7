import type { Architecture } from "./space.js";

/** one thing that a network costs */
export interface MetricWords {
  /** behind a number: `61.2M MACs` */
  readonly title: string;
  /** the sides that a config may limit: `budget.maxMacs`, `budget.minMacs` */
  readonly limits: readonly ("most" | "least")[];
  /** that a network has so much, and all others more; that it has so much, and all others less */
  readonly least: (amount: string) => string;
  readonly most: (amount: string) => string;
  /** what helps besides the budget where all networks have too much, or too little */
  readonly lower: string;
  readonly higher: string;
}

/**
 * What a network costs: metrics that add up over its blocks, in non-negative integers. Everything that computes takes them
 * as they come; a further one (latency in ns, energy) is an entry here, and one in cost/pricing.ts. Their order is that of
 * ties: of two equally likely networks the one with fewer MACs is taken, then the one with fewer parameters.
 */
export const metrics = {
  /** multiply-adds of convolutions and linear layers for one image (one multiply-add = 1) */
  macs: {
    title: "MACs",
    limits: ["most", "least"],
    least: (amount) => `the smallest architecture needs ${amount} MACs`,
    most: (amount) => `the largest architecture has ${amount} MACs`,
    lower: "use a smaller space or input",
    higher: "use a larger space or input",
  },
  /** learnt scalars */
  params: {
    title: "parameters",
    limits: ["most"],
    least: (amount) => `the architecture with the fewest parameters has ${amount}`,
    most: (amount) => `the architecture with the most parameters has ${amount}`,
    lower: "use a smaller space",
    higher: "use a larger space",
  },
} as const satisfies Readonly<Record<string, MetricWords>>;

export type Metric = keyof typeof metrics;

export const metricNames = Object.keys(metrics) as Metric[];

/** Integers; where it is an expected one (METHODS 1.5), their mean. */
export type Cost<M extends string = Metric> = Readonly<Record<M, number>>;

/** a network's cost is `fixed` plus one entry per slot; all exact integers */
export interface CostTable<M extends string = Metric> {
  /** stem and head */
  readonly fixed: Cost<M>;
  /** [slot][candidate] */
  readonly slots: readonly (readonly Cost<M>[])[];
}

/** a side that is left out has no limit */
export interface Limits {
  readonly least?: number;
  readonly most?: number;
}

/** what a network may cost; a metric that is left out has no limit */
export type Budget<M extends string = Metric> = Readonly<Partial<Record<M, Limits>>>;

export interface PricedArchitecture extends Cost {
  readonly architecture: Architecture;
  /** readable form, see spaces/encoding */
  readonly encoded: string;
}
