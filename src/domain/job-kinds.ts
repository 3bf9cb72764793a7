import type { GateStep, Job, JobKind, JobOf, TrainJob } from "./job.js";
import type { SignalOf } from "./signal.js";
import type { Architecture } from "./space.js";

/** What is true of a job because of its kind, whoever asks: the one place to look at, and to add to, for another kind. */

/** What jobs amount to, in units that no machine changes. */
export interface Work {
  readonly weightSteps: number;
  readonly gateSteps: number;
  readonly evaluations: number;
  /** images that went forward and backward (weight and gate steps) */
  readonly samples: number;
  /** forward multiply-adds of those images; the backward pass costs about twice as much again */
  readonly macs: number;
}

/** what of the prepared model its jobs' work follows from */
export interface WorkBasis {
  macsOf(architecture: Architecture): number;
  candidateMacs(slot: number, candidate: number): number;
  /** images a batch, by stream */
  readonly batchSizes: Readonly<Record<string, number>>;
}

/** [slot][candidate]: weight steps whose path had it; gate steps that had it, active or alternative */
export interface Participation {
  readonly trained: readonly (readonly number[])[];
  readonly gated: readonly (readonly number[])[];
}

type Counters = { readonly [P in keyof Participation]: readonly number[][] };

interface Kind<K extends JobKind> {
  /**
   * What the worker holds otherwise afterwards. A restored checkpoint is brought up to date by doing again what changed
   * weights (momentum and batch-norm statistics among them), and nothing else.
   */
  readonly changes: "nothing" | "weights" | "model";
  /** of the prepared ones, those it reads */
  streams(job: JobOf<K>): readonly string[];
  /** networks of the prepared space that it computes; each candidate must be alive */
  paths(job: JobOf<K>): readonly Architecture[];
  /** what is not named is zero */
  work(job: JobOf<K>, signal: SignalOf<K>, basis: WorkBasis): Partial<Work>;
  /** adds the job's steps to the counts */
  participate(job: JobOf<K>, counts: Counters): void;
  /** how it is asked for again after a loss that was not finite; null: no rate or batch of its own would change that */
  readonly mend: {
    slower(job: JobOf<K>, factor: number): JobOf<K>;
    /** @param step of the job, whose batch is passed over */
    nextBatch(job: JobOf<K>, step: number): JobOf<K>;
  } | null;
}

const plain = {
  changes: "nothing",
  streams: () => [],
  paths: () => [],
  work: () => ({}),
  participate: () => {},
  mend: null,
} as const;

export const jobKinds: { readonly [K in JobKind]: Kind<K> } = {
  inspect: plain,
  prepare: { ...plain, changes: "model" },
  train: {
    changes: "weights",
    streams: ({ stream }) => [stream],
    paths: ({ steps }) => steps.flatMap(({ paths }) => paths.map(({ architecture }) => architecture)),
    work({ steps }, { samples }, { macsOf }) {
      const perStep = samples / steps.length;
      let macs = 0;
      for (const { paths } of steps) for (const { architecture } of paths) macs += perStep * macsOf(architecture);
      return { weightSteps: steps.length, samples, macs: Math.round(macs) };
    },
    participate({ steps }, { trained }) {
      for (const { paths } of steps) for (const { architecture } of paths) countPath(trained, architecture);
    },
    mend: {
      slower: (job, factor) => withSteps(job, (step) => ({ ...step, learningRate: step.learningRate * factor })),
      nextBatch: (job, at) =>
        withSteps(job, (step, index) => (index === at ? { ...step, batch: step.batch + 1 } : step)),
    },
  },
  gates: {
    ...plain,
    streams: ({ stream }) => [stream],
    paths: ({ steps }) => steps.map(({ architecture }) => architecture),
    work({ steps, stream }, _signal, { batchSizes, macsOf, candidateMacs }) {
      let macs = 0;
      for (const step of steps) {
        macs += macsOf(step.architecture);
        eachAlternative(step, (slot, candidate) => {
          macs += candidateMacs(slot, candidate);
        });
      }
      const batchSize = batchSizes[stream];
      return { gateSteps: steps.length, samples: batchSize * steps.length, macs: batchSize * macs };
    },
    participate({ steps }, { gated }) {
      for (const step of steps) {
        countPath(gated, step.architecture);
        eachAlternative(step, (slot, candidate) => gated[slot][candidate]++);
      }
    },
  },
  score: { ...plain, streams: ({ stream }) => [stream], paths: ({ architectures }) => architectures },
  evaluate: {
    ...plain,
    streams: ({ stream, recalibrate }) => [stream, recalibrate.stream],
    paths: ({ architectures }) => architectures,
    work: () => ({ evaluations: 1 }),
  },
  "bn-scales": plain,
  restrict: { ...plain, changes: "weights" },
  export: { ...plain, paths: ({ architecture }) => [architecture] },
};

/** What is true of this job. The compiler does not see that a job and its kind's entry go together: said here, once. */
export const kindOf = <J extends Job>(job: J): Kind<J["kind"]> => jobKinds[job.kind] as unknown as Kind<J["kind"]>;

const withSteps = (
  job: TrainJob,
  change: (step: TrainJob["steps"][number], index: number) => typeof step,
): TrainJob => ({
  ...job,
  steps: job.steps.map(change),
});

function countPath(counts: readonly number[][], path: Architecture): void {
  for (const [slot, candidate] of path.entries()) counts[slot][candidate]++;
}

/** in loops: a fold over a long journal comes by here for each gate step */
function eachAlternative({ alternatives }: GateStep, visit: (slot: number, candidate: number) => void): void {
  for (let slot = 0; slot < alternatives.length; slot++) for (const one of alternatives[slot]) visit(slot, one);
}
