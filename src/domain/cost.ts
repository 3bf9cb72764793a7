import type { Architecture } from "./space.js";

/** the sides of a limit */
export type Side = "most" | "least";

/** what is said where no network keeps a limit */
interface Unkept {
  /** the network that comes nearest, which costs so much */
  readonly nearest: (amount: string) => string;
  /** what helps besides another budget */
  readonly instead: string;
}

interface MetricWords {
  /** what it counts, beginning a sentence */
  readonly about: string;
  /** behind a number: `61.2M MACs` */
  readonly title: string;
  /** what a config may limit: `budget.maxMacs`, `budget.minMacs` */
  readonly limits: Readonly<Partial<Record<Side, Unkept>>>;
}

/**
 * What a network costs: metrics that add up over its blocks, in non-negative integers. Everything that computes takes them
 * as they come; a further one (latency in ns, energy) is an entry here, and one in cost/pricing.ts. Their order is that of
 * ties: of two equally likely networks the one with fewer MACs is taken, then the one with fewer parameters.
 */
const entries = {
  /** multiply-adds of convolutions and linear layers for one image (one multiply-add = 1) */
  macs: {
    about: "Multiply-adds for one image",
    title: "MACs",
    limits: {
      most: {
        nearest: (amount) => `the smallest architecture needs ${amount} MACs`,
        instead: "use a smaller space or input",
      },
      least: {
        nearest: (amount) => `the largest architecture has ${amount} MACs`,
        instead: "use a larger space or input",
      },
    },
  },
  /** learnt scalars */
  params: {
    about: "Parameters",
    title: "parameters",
    limits: {
      most: {
        nearest: (amount) => `the architecture with the fewest parameters has ${amount}`,
        instead: "use a smaller space",
      },
    },
  },
} as const satisfies Readonly<Record<string, MetricWords>>;

export type Metric = keyof typeof entries;

export const metrics: Readonly<Record<Metric, MetricWords>> = entries;

export const metricNames = Object.keys(entries) as Metric[];

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
export type Limits = Readonly<Partial<Record<Side, number>>>;

/** what a network may cost; a metric that is left out has no limit */
export type Budget<M extends string = Metric> = Readonly<Partial<Record<M, Limits>>>;

export interface PricedArchitecture extends Cost {
  readonly architecture: Architecture;
  /** readable form, see spaces/encoding */
  readonly encoded: string;
}
