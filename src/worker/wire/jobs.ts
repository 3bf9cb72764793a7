import type { Augment, DataSource, DataSpec, StreamSpec } from "../../domain/data.js";
import { assertNever } from "../../domain/errors.js";
import type { Job, PrepareJob } from "../../domain/job.js";
import type { Architecture, Block, Head, Op, Slot, Space } from "../../domain/space.js";
import type * as wire from "../generated/danas/v1/job.js";
import type * as wireSpace from "../generated/danas/v1/space.js";

/** A job as it goes over the wire. Field by field, so that a word added to the domain and forgotten here does not compile. */
export function jobToWire(job: Job): wire.Job {
  switch (job.kind) {
    case "inspect":
      return { kind: { $case: "inspect", value: { data: dataToWire(job.data) } } };
    case "prepare":
      return { kind: { $case: "prepare", value: prepareToWire(job) } };
    case "train":
      return {
        kind: {
          $case: "train",
          value: {
            stream: job.stream,
            scope: job.scope,
            steps: job.steps.map((step) => ({
              paths: step.paths.map((path) => ({ architecture: choices(path.architecture), weight: path.weight })),
              learningRate: step.learningRate,
              batch: step.batch,
            })),
          },
        },
      };
    case "gates":
      return {
        kind: {
          $case: "gates",
          value: {
            stream: job.stream,
            steps: job.steps.map((step) => ({
              architecture: choices(step.architecture),
              alternatives: indices(step.alternatives),
              batch: step.batch,
            })),
          },
        },
      };
    case "score":
      return {
        kind: {
          $case: "score",
          value: {
            stream: job.stream,
            architectures: job.architectures.map(choices),
            batches: [...job.batches],
          },
        },
      };
    case "evaluate":
      return {
        kind: {
          $case: "evaluate",
          value: {
            stream: job.stream,
            architectures: job.architectures.map(choices),
            batches: job.batches,
            recalibrate: { stream: job.recalibrate.stream, batches: job.recalibrate.batches },
          },
        },
      };
    case "bn-scales":
      return { kind: { $case: "bnScales", value: {} } };
    case "restrict":
      return { kind: { $case: "restrict", value: { alive: indices(job.alive) } } };
    case "export":
      return {
        kind: { $case: "export", value: { architecture: choices(job.architecture), folder: job.folder } },
      };
    default:
      return assertNever(job);
  }
}

export const checkpointToWire = (path: string, kept: readonly string[] | null): wire.Job => ({
  kind: { $case: "checkpoint", value: { path, ...(kept !== null && { kept: { paths: [...kept] } }) } },
});

export const restoreToWire = (path: string, sha256: string): wire.Job => ({
  kind: { $case: "restore", value: { path, sha256 } },
});

const choices = (architecture: Architecture): wireSpace.Architecture => ({ choices: [...architecture] });

const indices = (perSlot: readonly (readonly number[])[]): wireSpace.Candidates[] =>
  perSlot.map((candidates) => ({ indices: [...candidates] }));

function prepareToWire(job: PrepareJob): wire.Prepare {
  const { optimizer, compute } = job;
  return {
    space: spaceToWire(job.space),
    spaceHash: job.spaceHash,
    data: dataToWire(job.data),
    streams: job.streams.map(streamToWire),
    optimizer: {
      momentum: optimizer.momentum,
      nesterov: optimizer.nesterov,
      weightDecay: optimizer.weightDecay,
      decayNorm: optimizer.decayNorm,
      clipValue: optimizer.clipValue ?? undefined,
    },
    labelSmoothing: job.labelSmoothing,
    compute: {
      device: compute.device,
      precision: compute.precision,
      channelsLast: compute.channelsLast,
      compile: compute.compile,
      threads: compute.threads,
    },
    seed: job.seed,
    checks: job.checks.map(choices),
  };
}

// ---- data -----------------------------------------------------------------------------------------------------------

const dataToWire = (data: DataSpec): wire.DataSpec => ({
  source: sourceToWire(data.source),
  input: { ...data.input },
  classes: data.classes,
  validFraction: data.validFraction,
  testFraction: data.testFraction,
  splitSeed: data.splitSeed,
  onDevice: data.onDevice,
});

function sourceToWire(source: DataSource): wire.DataSpec["source"] {
  switch (source.kind) {
    case "fashion-mnist":
      return { $case: "fashionMnist", value: { root: source.root } };
    case "folder":
      return { $case: "folder", value: { root: source.root } };
    case "synthetic":
      return { $case: "synthetic", value: { perClass: source.perClass, noise: source.noise } };
    case "python":
      return {
        $case: "python",
        value: { factory: source.factory, optionsJson: JSON.stringify(source.options) },
      };
    default:
      return assertNever(source);
  }
}

const streamToWire = (stream: StreamSpec): wire.StreamSpec => ({
  name: stream.name,
  split: stream.split,
  classes: [...stream.classes],
  batchSize: stream.batchSize,
  shuffle: stream.shuffle,
  seed: stream.seed,
  augment: stream.augment ? augmentToWire(stream.augment) : undefined,
});

const augmentToWire = (augment: Augment): wire.Augment => ({
  pad: augment.pad,
  flip: augment.flip,
  cutout: augment.cutout,
  minArea: augment.minArea,
});

// ---- space ----------------------------------------------------------------------------------------------------------

const spaceToWire = (space: Space): wireSpace.Space => ({
  name: space.name,
  input: { ...space.input },
  classes: space.classes,
  stem: space.stem.map(blockToWire),
  slots: space.slots.map(slotToWire),
  head: headToWire(space.head),
});

const slotToWire = (slot: Slot): wireSpace.Slot => ({
  name: slot.name,
  stage: slot.stage,
  candidates: slot.candidates.map((candidate) => ({ name: candidate.name, block: blockToWire(candidate.block) })),
});

const headToWire = (head: Head): wireSpace.Head => ({
  blocks: head.blocks.map(blockToWire),
  hidden: head.hidden,
  hiddenActivation: head.hiddenActivation,
  dropout: head.dropout,
});

const blockToWire = (block: Block): wireSpace.Block => ({
  op: opToWire(block.op),
  inChannels: block.inChannels,
  outChannels: block.outChannels,
  stride: block.stride,
  height: block.height,
  width: block.width,
});

function opToWire(op: Op): wireSpace.Block["op"] {
  switch (op.kind) {
    case "mbconv": {
      const { kernel, hidden, squeeze, activation, gate } = op;
      return { $case: "mbconv", value: { kernel, hidden, squeeze, activation, gate } };
    }
    case "conv":
      return { $case: "conv", value: { kernel: op.kernel, activation: op.activation } };
    case "skip":
      return { $case: "skip", value: {} };
    default:
      return assertNever(op);
  }
}
