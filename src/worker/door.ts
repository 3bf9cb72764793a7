import type { Job, JobOf, NumberedJob } from "../domain/job.js";
import type { Signal, SignalOf, Timing } from "../domain/signal.js";
import type { Reply } from "../wire/generated/danas/v1/signal.js";
import type { Welcome as WireWelcome } from "../wire/generated/danas/v1/worker.js";
import { fromWire } from "../wire/words.js";
import type { CheckpointOutcome, Outcome, RestoreOutcome, Welcome } from "./port.js";

/**
 * What is checked of an answer before anything is decided from it, beyond what its type says: that it answers what was
 * asked, has its parts, is as long as the job asks, and holds only numbers that JSON and the search can hold.
 */

/** The worker said something that makes no sense: a missing part, a list of the wrong length. The session cannot go on. */
export class MalformedReply extends Error {
  override readonly name = "MalformedReply";
}

/**
 * The answer to a job. NaN and infinities become a failure non_finite, -0 becomes 0.
 * @throws MalformedReply
 */
export function outcomeOf({ id, job }: NumberedJob, reply: Reply): Outcome {
  const answer = answerTo(job.kind, reply);
  if (answer.kind === "failure") return failed(answer);
  const signal = answer as Signal;
  const odd = settle(signal as unknown as Tree, "");
  checkLengths(job, signal);
  if (odd === null) return { ok: true, answer: { jobId: id, signal, timing: timingOf(reply) } };
  const hint = "lower the learning rate, clip gradients (optimizer.clipValue), or use float32";
  return { ok: false, failure: { code: "non_finite", message: `${job.kind} job ${id}: ${odd}`, hint, step: null } };
}

/** @throws MalformedReply */
export function checkpointOutcomeOf(reply: Reply): CheckpointOutcome {
  const answer = answerTo("checkpoint", reply);
  if (answer.kind === "failure") return failed(answer);
  const { path, bytes, sha256 } = answer;
  // it decides later what may be restored
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new MalformedReply("a checkpoint's sha256 is not one");
  return { ok: true, path, bytes, sha256 };
}

/** @throws MalformedReply */
export function restoreOutcomeOf(reply: Reply): RestoreOutcome {
  const answer = answerTo("restore", reply);
  return answer.kind === "failure" ? failed(answer) : { ok: true };
}

/** `versions` gets python and torch with it: a run's record needs them in one place */
export function welcomeOf(welcome: WireWelcome): Welcome {
  const { workerVersion, pythonVersion, torchVersion, host, pid, devices, telemetry, mock } = welcome;
  const versions = { ...welcome.versions };
  if (pythonVersion !== "") versions.python = pythonVersion;
  if (torchVersion !== "") versions.torch = torchVersion;
  return { workerVersion, versions, host, pid, devices, telemetry, mock };
}

type AnyAnswer = NonNullable<ReturnType<typeof fromWire<Reply["answer"]>>>;

function answerTo<Kind extends AnyAnswer["kind"]>(asked: Kind, reply: Reply) {
  const answer = fromWire(reply.answer);
  if (answer === null)
    throw new MalformedReply(`the answer to a ${asked} is empty, or of a kind that is not known here`);
  if (answer.kind === asked || answer.kind === "failure")
    return answer as Extract<AnyAnswer, { kind: Kind | "failure" }>;
  throw new MalformedReply(`a ${asked} was asked, ${answer.kind} was answered`);
}

const failed = ({ kind: _, ...failure }: Extract<AnyAnswer, { kind: "failure" }>) => ({ ok: false, failure }) as const;

function timingOf({ timing }: Reply): Timing {
  const milliseconds = (value: number | undefined) => (Number.isFinite(value) ? value! + 0 : 0);
  return {
    totalMs: milliseconds(timing?.totalMs),
    dataMs: milliseconds(timing?.dataMs),
    computeMs: milliseconds(timing?.computeMs),
    waitMs: milliseconds(timing?.waitMs),
  };
}

type Tree = Record<string | number, unknown>;

/**
 * In place: the answer is ours. A gradient may be -0, which JSON does not keep: the replayed state would differ.
 * @returns the first number that neither JSON nor the search can hold, with its place; null = all are finite
 */
function settle(node: Tree, at: string): string | null {
  let odd: string | null = null;
  for (const key in node) {
    const value = node[key];
    if (typeof value === "number") {
      if (value === 0) node[key] = 0;
      else if (!Number.isFinite(value)) odd ??= `${at}${key} is ${value}`;
    } else if (value === null) {
      throw new MalformedReply(`${at}${key} is missing`);
    } else if (typeof value === "object") {
      const within = settle(value as Tree, `${at}${key}.`);
      odd ??= within;
    }
  }
  return odd;
}

/** of the kinds whose answers hold lists that are as long as what was asked */
type Lengths = { readonly [Kind in Job["kind"]]?: (signal: SignalOf<Kind>, job: JobOf<Kind>) => void };

const lengths: Lengths = {
  inspect({ data }) {
    for (const { split, counts } of data.splits) ofLength(counts, data.classes.length, `class counts of ${split}`);
  },
  prepare({ macs, params }, { checks }) {
    ofLength(macs, checks.length, "counted MACs");
    ofLength(params, checks.length, "counted parameters");
  },
  train({ losses, accuracies }, { steps }) {
    ofLength(losses, steps.length, "losses");
    ofLength(accuracies, steps.length, "accuracies");
  },
  gates(signal, { steps }) {
    ofLength(signal.steps, steps.length, "gate steps");
    for (const [index, { gradients }] of signal.steps.entries()) {
      const { alternatives } = steps[index];
      ofLength(gradients, alternatives.length, "rows of gate gradients");
      for (const [slot, row] of gradients.entries()) ofLength(row, alternatives[slot].length + 1, "gate gradients");
    }
  },
  score({ logLikelihoods, samples }, { architectures, batches }) {
    ofLength(logLikelihoods, architectures.length, "rows of log-likelihoods");
    for (const row of logLikelihoods) ofLength(row, batches.length, "log-likelihoods");
    ofLength(samples, batches.length, "sample counts");
  },
  evaluate({ results }, { architectures }) {
    ofLength(results, architectures.length, "evaluations");
  },
};

function checkLengths<Kind extends Job["kind"]>(job: JobOf<Kind>, signal: Signal): void {
  lengths[job.kind as Kind]?.(signal as SignalOf<Kind>, job);
}

function ofLength(list: readonly unknown[], length: number, what: string): void {
  if (list.length !== length) throw new MalformedReply(`${list.length} ${what} where ${length} were asked`);
}
