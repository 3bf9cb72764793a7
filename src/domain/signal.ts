import type { DataInfo } from "./data.js";

/** What a worker tells: a few hundred numbers a job, never a tensor. */
export type Signal =
  | { readonly kind: "inspect"; readonly data: DataInfo }
  | {
      readonly kind: "prepare";
      readonly device: string;
      /** per architecture in `checks`, as counted by the worker's own tools */
      readonly macs: readonly number[];
      readonly params: readonly number[];
    }
  | {
      readonly kind: "train";
      /** per step: loss in nats (weighted over paths), accuracy as a fraction */
      readonly losses: readonly number[];
      readonly accuracies: readonly number[];
      readonly samples: number;
    }
  | { readonly kind: "gates"; readonly steps: readonly GateSignal[] }
  | {
      readonly kind: "score";
      /** [architecture][batch]: log-likelihood of the batch, -N x mean cross-entropy, nats */
      readonly logLikelihoods: readonly (readonly number[])[];
      /** images per batch */
      readonly samples: readonly number[];
    }
  | { readonly kind: "evaluate"; readonly results: readonly Evaluation[] }
  /** [slot][candidate]; 0 where a candidate has no batch norm or was cut */
  | { readonly kind: "bn-scales"; readonly scales: readonly (readonly number[])[] }
  | { readonly kind: "restrict"; readonly bytesFreed: number; readonly parametersLeft: number }
  | { readonly kind: "export"; readonly files: readonly ExportedFile[] };

export interface GateSignal {
  readonly loss: number;
  readonly accuracy: number;
  /** [slot]: the active candidate's dL/dgate, then its alternatives' in the order asked */
  readonly gradients: readonly (readonly number[])[];
}

export interface Evaluation {
  readonly loss: number;
  /** top-1, fraction */
  readonly accuracy: number;
  /** of each class of DataInfo.classes, fraction; null where the stream has no image of it */
  readonly perClass: readonly (number | null)[];
  readonly samples: number;
}

export interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where a job's time went. Never read by the search: it differs from run to run. */
export interface Timing {
  readonly totalMs: number;
  readonly dataMs: number;
  readonly computeMs: number;
  /** waiting for the job to arrive, before it started */
  readonly waitMs: number;
}

export interface Answer {
  readonly jobId: number;
  readonly signal: Signal;
  readonly timing: Timing;
}

/** why a job could not be done */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string;
  /** of "non-finite" in a train job: the first step, from 0, whose loss was not finite */
  readonly step?: number;
}

export type FailureCode =
  | "invalid-job"
  | "data"
  | "cost-mismatch"
  | "non-finite"
  | "out-of-memory"
  /** a disk that is full, a folder that may not be written */
  | "io"
  | "unsupported"
  | "internal";
