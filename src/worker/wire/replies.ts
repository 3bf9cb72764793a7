import type { DataInfo, Split } from "../../domain/data.js";
import type { Job, NumberedJob } from "../../domain/job.js";
import type { Evaluation, Failure, FailureCode, Signal, Timing } from "../../domain/signal.js";
import type * as wire from "../generated/danas/v1/signal.js";
import type { Reply, Welcome as WireWelcome } from "../generated/danas/v1/worker.js";
import type { CheckpointOutcome, Outcome, RestoreOutcome, Welcome } from "../port.js";

/** The worker said something that makes no sense: a missing part, a list of the wrong length. The session cannot go on. */
export class MalformedReply extends Error {
  override readonly name = "MalformedReply";
}

/** A number that JSON and the search cannot hold. A fact about the job, told as its failure. */
class NonFinite extends Error {}

/**
 * The answer to a job. NaN and infinities become a failure "non-finite", -0 becomes 0, a class without images (-1)
 * becomes null; lists are as long as the job asks.
 * @throws MalformedReply
 */
export function outcomeFromWire({ id, job }: NumberedJob, reply: Reply): Outcome {
  if (reply.result?.$case === "failure") return { ok: false, failure: failureFromWire(reply.result.value) };
  try {
    const signal = signalFromWire(job, reply.result?.value);
    return { ok: true, answer: { jobId: id, signal, timing: timingFromWire(reply.timing) } };
  } catch (error) {
    if (!(error instanceof NonFinite)) throw error;
    return {
      ok: false,
      failure: {
        code: "non-finite",
        message: `${job.kind} job ${id}: ${error.message}`,
        hint: "lower the learning rate, clip gradients (optimizer.clipValue), or use float32",
      },
    };
  }
}

/** @throws MalformedReply */
export function checkpointFromWire(reply: Reply): CheckpointOutcome {
  if (reply.result?.$case === "failure") return { ok: false, failure: failureFromWire(reply.result.value) };
  const kind = reply.result?.value.kind;
  if (kind?.$case !== "checkpoint") throw unexpected("checkpoint", kind?.$case);
  const { path, bytes, sha256 } = kind.value;
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new MalformedReply("a checkpoint's sha256 is not one");
  return { ok: true, path, bytes, sha256 };
}

/** @throws MalformedReply */
export function restoreFromWire(reply: Reply): RestoreOutcome {
  if (reply.result?.$case === "failure") return { ok: false, failure: failureFromWire(reply.result.value) };
  const kind = reply.result?.value.kind;
  if (kind?.$case !== "restore") throw unexpected("restore", kind?.$case);
  return { ok: true };
}

/** `versions` gets python and torch with it: a run's record needs them in one place */
export const welcomeFromWire = (welcome: WireWelcome): Welcome => ({
  workerVersion: welcome.workerVersion,
  versions: { ...welcome.versions, ...known({ python: welcome.pythonVersion, torch: welcome.torchVersion }) },
  host: welcome.host,
  pid: welcome.pid,
  devices: welcome.devices,
  telemetry: welcome.telemetry,
  mock: welcome.mock,
});

const known = (versions: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(versions).filter(([, version]) => version !== ""));

const failureCodes: readonly FailureCode[] = [
  "invalid-job",
  "data",
  "cost-mismatch",
  "non-finite",
  "out-of-memory",
  "io",
  "unsupported",
  "internal",
];

/** a code this version does not know is kept in the message */
export function failureFromWire({ code, message, hint, step }: wire.Failure): Failure {
  const known = failureCodes.find((candidate) => candidate === code);
  if (!known) return { code: "internal", message: `${code}: ${message}`, hint };
  return { code: known, message, hint, ...(step !== undefined && { step }) };
}

function timingFromWire(timing: wire.Timing | undefined): Timing {
  const milliseconds = (value: number | undefined) => (Number.isFinite(value) ? value! + 0 : 0);
  return {
    totalMs: milliseconds(timing?.totalMs),
    dataMs: milliseconds(timing?.dataMs),
    computeMs: milliseconds(timing?.computeMs),
    waitMs: milliseconds(timing?.waitMs),
  };
}

// ---- signals --------------------------------------------------------------------------------------------------------

function signalFromWire(job: Job, signal: wire.Signal | undefined): Signal {
  const told = signal?.kind;
  const asked = job.kind === "bn-scales" ? "bnScales" : job.kind;
  if (told?.$case !== asked) throw unexpected(job.kind, told?.$case);
  // the answer's kind is the job's: of each case, both sides are known
  switch (told.$case) {
    case "inspect":
      return { kind: "inspect", data: dataFromWire(told.value) };
    case "prepare": {
      const { checks } = job as Extract<Job, { kind: "prepare" }>;
      const { device, macs, params } = told.value;
      return {
        kind: "prepare",
        device,
        macs: ofLength(macs, checks.length, "counted MACs"),
        params: ofLength(params, checks.length, "counted parameters"),
      };
    }
    case "train": {
      const { steps } = job as Extract<Job, { kind: "train" }>;
      const { losses, accuracies, samples } = told.value;
      return {
        kind: "train",
        losses: finiteAll(ofLength(losses, steps.length, "losses"), "the loss of step"),
        accuracies: finiteAll(ofLength(accuracies, steps.length, "accuracies"), "the accuracy of step"),
        samples,
      };
    }
    case "gates":
      return { kind: "gates", steps: gatesFromWire(job as Extract<Job, { kind: "gates" }>, told.value.steps) };
    case "score": {
      const { architectures, batches } = job as Extract<Job, { kind: "score" }>;
      const rows = ofLength(told.value.logLikelihoods, architectures.length, "rows of log-likelihoods");
      return {
        kind: "score",
        logLikelihoods: rows.map((row, index) =>
          finiteAll(
            ofLength(row.values, batches.length, "log-likelihoods"),
            `architecture ${index}, log-likelihood of batch`,
          ),
        ),
        samples: ofLength(told.value.samples, batches.length, "sample counts"),
      };
    }
    case "evaluate": {
      const { architectures } = job as Extract<Job, { kind: "evaluate" }>;
      const results = ofLength(told.value.results, architectures.length, "evaluations");
      return { kind: "evaluate", results: results.map(evaluationFromWire) };
    }
    case "bnScales":
      return {
        kind: "bn-scales",
        scales: told.value.scales.map((row, slot) => finiteAll(row.values, `slot ${slot}, scale of candidate`)),
      };
    case "restrict":
      return {
        kind: "restrict",
        bytesFreed: told.value.bytesFreed,
        parametersLeft: told.value.parametersLeft,
      };
    case "export":
      return {
        kind: "export",
        files: told.value.files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
      };
  }
}

function gatesFromWire(job: Extract<Job, { kind: "gates" }>, steps: readonly wire.GateSignal[]) {
  return ofLength(steps, job.steps.length, "gate steps").map((step, index) => {
    const { alternatives } = job.steps[index];
    return {
      loss: finite(step.loss, `the loss of gate step ${index}`),
      accuracy: finite(step.accuracy, `the accuracy of gate step ${index}`),
      gradients: ofLength(step.gradients, alternatives.length, "rows of gate gradients").map((row, slot) =>
        finiteAll(
          ofLength(row.values, alternatives[slot].length + 1, "gate gradients"),
          `gate step ${index}, slot ${slot}, gradient`,
        ),
      ),
    };
  });
}

const evaluationFromWire = (evaluation: wire.Evaluation, index: number): Evaluation => ({
  loss: finite(evaluation.loss, `the loss of network ${index}`),
  accuracy: finite(evaluation.accuracy, `the accuracy of network ${index}`),
  perClass: evaluation.perClass.map((accuracy, label) =>
    accuracy === -1 ? null : finite(accuracy, `network ${index}, the accuracy of class ${label}`),
  ),
  samples: evaluation.samples,
});

const splits: readonly Split[] = ["train", "valid", "test", "full"];

function dataFromWire(told: wire.Inspected): DataInfo {
  if (!told.input) throw new MalformedReply("the data's input shape is missing");
  const { channels, height, width } = told.input;
  return {
    classes: told.classes,
    input: { channels, height, width },
    splits: told.splits.map(({ split, counts, hash }) => {
      const known = splits.find((candidate) => candidate === split);
      if (!known) throw new MalformedReply(`"${split}" is not a split`);
      return { split: known, counts: ofLength(counts, told.classes.length, `class counts of ${split}`), hash };
    }),
    fingerprint: told.fingerprint,
  };
}

// ---- checks ---------------------------------------------------------------------------------------------------------

const unexpected = (asked: string, told: string | undefined) =>
  new MalformedReply(told ? `a ${asked} was asked, ${told} was answered` : `the answer to a ${asked} is empty`);

function ofLength<T>(list: readonly T[], length: number, what: string): readonly T[] {
  if (list.length !== length) throw new MalformedReply(`${list.length} ${what} where ${length} were asked`);
  return list;
}

function finite(value: number, what: string): number {
  if (!Number.isFinite(value)) throw new NonFinite(`${what} is ${value}`);
  return value + 0; // a gradient may be -0, which JSON does not keep: the replayed state would differ
}

const finiteAll = (values: readonly number[], what: string): number[] =>
  values.map((value, index) => finite(value, `${what} ${index}`));
