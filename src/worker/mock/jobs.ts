import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { architectureCost, costTable } from "../../cost/table.js";
import type { DataInfo, DataSpec } from "../../domain/data.js";
import { assertNever } from "../../domain/errors.js";
import type { EvaluateJob, GatesJob, NumberedJob, PrepareJob, TrainJob } from "../../domain/job.js";
import { kindOf } from "../../domain/job-kinds.js";
import type { MockSettings } from "../../domain/settings.js";
import type { ExportedFile, Failure, Signal } from "../../domain/signal.js";
import type { Architecture } from "../../domain/space.js";
import { encode } from "../../spaces/encoding.js";
import { mean } from "../../util/numeric.js";
import { type Rng, rng } from "../../util/rng.js";
import {
  classAccuracies,
  expose,
  type MockModel,
  type MockStream,
  makeModel,
  makeStream,
  typicalAccuracy,
  usefulness,
} from "./model.js";
import { makeWorld, type World } from "./world.js";

/** a job that cannot be done */
export class MockFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

const refuse = (message: string, hint = ""): never => {
  throw new MockFailure({ code: "invalid_job", message, hint, step: null });
};

/** What the mock holds between jobs. */
export interface MockState {
  model: MockModel | null;
  world: World | null;
}

/** Carries out one job: a pure function of settings, job, and what was trained before; noise is addressed by job id. */
export function carryOut(
  settings: MockSettings,
  state: MockState,
  { id, job }: NumberedJob,
  runFolder: string,
): Signal {
  const noise = rng(settings.seed).fork("mock").fork("noise").fork(id);
  for (const name of kindOf(job).streams(job)) streamOf(prepared(state).model, name);
  for (const path of kindOf(job).paths(job)) check(prepared(state).model, path);
  switch (job.kind) {
    case "inspect":
      return { kind: "inspect", data: dataInfo(settings, job.data) };
    case "prepare":
      return prepare(settings, state, job);
    case "train":
      return train(settings, prepared(state), job, noise);
    case "gates":
      return gates(settings, prepared(state), job, noise);
    case "score": {
      const { model, world } = prepared(state);
      const stream = streamOf(model, job.stream);
      const size = stream.spec.batchSize;
      const logLikelihoods = job.architectures.map((path) =>
        job.batches.map(() => size * Math.log(typicalAccuracy(model, world, stream, path))),
      );
      return { kind: "score", logLikelihoods, samples: job.batches.map(() => size) };
    }
    case "evaluate":
      return evaluate(settings, prepared(state), job, noise);
    case "bn-scales": {
      const { model, world } = prepared(state);
      const scales = model.job.space.slots.map((slot, index) =>
        slot.candidates.map(({ block }, candidate) =>
          block.op.kind === "skip" || !model.alive[index].includes(candidate) ? 0 : world.quality[index][candidate],
        ),
      );
      return { kind: "bn-scales", scales };
    }
    case "restrict": {
      const { model } = prepared(state);
      const cuts = model.alive.flatMap((row, slot) =>
        row.filter((candidate) => !job.alive[slot]?.includes(candidate)).map((candidate) => ({ slot, candidate })),
      );
      if (job.alive.length !== model.alive.length || job.alive.some((row) => row.length === 0))
        refuse("a slot would be empty");
      const table = costTable(model.job.space);
      const params = (rows: readonly (readonly number[])[]) =>
        rows.reduce((sum, row, slot) => row.reduce((s, c) => s + table.slots[slot][c].params, sum), table.fixed.params);
      model.alive = job.alive;
      const freed = cuts.reduce((sum, { slot, candidate }) => sum + table.slots[slot][candidate].params, 0);
      // weights and momentum, four bytes each
      return { kind: "restrict", bytesFreed: 8 * freed, parametersLeft: params(job.alive) };
    }
    case "export": {
      const { model } = prepared(state);
      return { kind: "export", files: [exportMock(model, job.architecture, job.folder, runFolder)] };
    }
    default:
      return assertNever(job);
  }
}

type Ready = { readonly model: MockModel; readonly world: World };

function prepared(state: MockState): Ready {
  if (!state.model || !state.world) return refuse("there is no model yet", "send a prepare job first");
  return { model: state.model, world: state.world };
}

const classNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `class-${String(index).padStart(String(count - 1).length, "0")}`);

/** images per class of each split, as the mock claims */
function imagesPerClass(settings: MockSettings, data: DataSpec) {
  const valid = Math.max(1, Math.round(settings.imagesPerClass * data.validFraction));
  const train = Math.max(1, settings.imagesPerClass - valid);
  return { train, valid, test: Math.max(1, Math.round(settings.imagesPerClass / 5)), full: train + valid };
}

function dataInfo(settings: MockSettings, data: DataSpec): DataInfo {
  const classes = classNames(data.classes);
  const hash = (name: string) =>
    createHash("sha256").update(`mock ${settings.seed} ${name} ${data.classes}`).digest("hex");
  const splits = Object.entries(imagesPerClass(settings, data)).map(([split, images]) => ({
    split: split as "train",
    counts: classes.map(() => images),
    hash: hash(`${split} ${images}`),
  }));
  return { classes, input: data.input, splits, fingerprint: hash(`fingerprint ${splits.map((split) => split.hash)}`) };
}

function prepare(settings: MockSettings, state: MockState, job: PrepareJob): Signal {
  const world = makeWorld(settings, job.space);
  const names = classNames(job.data.classes);
  const images = imagesPerClass(settings, job.data);
  const streams: Record<string, MockStream> = {};
  for (const spec of job.streams) {
    const unknown = spec.classes.find((name) => !names.includes(name));
    if (unknown !== undefined) refuse(`the data has no class "${unknown}"`, "the ranking is of other data");
    streams[spec.name] = makeStream(spec, names, images[spec.split], world);
  }
  state.world = world;
  state.model = makeModel(job, streams);
  const table = costTable(job.space);
  const counted = job.checks.map((path) => architectureCost(table, path));
  return {
    kind: "prepare",
    device: "mock",
    macs: counted.map(({ macs }) => macs),
    params: counted.map(({ params }) => params),
  };
}

const streamOf = (model: MockModel, name: string): MockStream =>
  model.streams[name] ?? refuse(`there is no stream "${name}"`, `there are ${Object.keys(model.streams).join(", ")}`);

function check(model: MockModel, path: Architecture): void {
  if (path.length !== model.alive.length) refuse(`a path has ${model.alive.length} choices, not ${path.length}`);
  for (const [slot, candidate] of path.entries()) {
    if (!model.alive[slot].includes(candidate)) refuse(`candidate ${candidate} of slot ${slot} is not alive`);
  }
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** cross-entropy that goes with an accuracy, roughly: made up like all the rest */
const lossOf = (accuracy: number): number => -Math.log(Math.max(1e-3, accuracy));

function train(settings: MockSettings, { model, world }: Ready, job: TrainJob, noise: Rng): Signal {
  const stream = streamOf(model, job.stream);
  if (job.steps.length === 0) refuse("a train job needs steps");
  const losses: number[] = [];
  const accuracies: number[] = [];
  for (const { paths } of job.steps) {
    const total = paths.reduce((sum, { weight }) => sum + weight, 0);
    let accuracy = 0;
    for (const { architecture, weight } of paths) {
      accuracy += (weight / total) * typicalAccuracy(model, world, stream, architecture);
      expose(model, stream, architecture, weight / total);
    }
    accuracy = clamp(accuracy + settings.noise * noise.normal());
    accuracies.push(accuracy);
    losses.push(lossOf(accuracy));
  }
  return { kind: "train", losses, accuracies, samples: job.steps.length * stream.spec.batchSize };
}

function gates(settings: MockSettings, { model, world }: Ready, job: GatesJob, noise: Rng): Signal {
  const stream = streamOf(model, job.stream);
  const steps = job.steps.map(({ architecture, alternatives }) => {
    const accuracy = clamp(typicalAccuracy(model, world, stream, architecture));
    const gradients = architecture.map((active, slot) =>
      [active, ...(alternatives[slot] ?? [])].map((candidate) => {
        if (!model.alive[slot].includes(candidate)) refuse(`candidate ${candidate} of slot ${slot} is not alive`);
        // opening the gate of a useful block lowers the loss
        return -usefulness(model, world, stream, slot, candidate) + settings.noise * noise.normal();
      }),
    );
    return { loss: lossOf(accuracy), accuracy, gradients };
  });
  return { kind: "gates", steps };
}

function evaluate(settings: MockSettings, { model, world }: Ready, job: EvaluateJob, noise: Rng): Signal {
  const stream = streamOf(model, job.stream);
  const results = job.architectures.map((path, index) => {
    const draw = noise.fork(index);
    const measured = classAccuracies(model, world, stream, path).map((value) =>
      clamp(value + settings.noise * draw.normal()),
    );
    const perClass = new Array<number>(model.job.data.classes).fill(-1);
    for (const [at, label] of stream.classes.entries()) perClass[label] = measured[at];
    const accuracy = mean(measured);
    const samples =
      job.batches === 0 ? stream.classes.length * stream.imagesPerClass : job.batches * stream.spec.batchSize;
    return { loss: lossOf(accuracy), accuracy, perClass, samples };
  });
  return { kind: "evaluate", results };
}

function exportMock(model: MockModel, path: Architecture, folder: string, runFolder: string): ExportedFile {
  const content = JSON.stringify({
    mock: "MOCK RESULT: made-up numbers, there are no weights",
    architecture: encode(model.job.space, path),
  });
  mkdirSync(join(runFolder, folder), { recursive: true });
  writeFileSync(join(runFolder, folder, "mock.json"), `${content}\n`);
  const sha256 = createHash("sha256").update(`${content}\n`).digest("hex");
  return { path: `${folder}/mock.json`, bytes: Buffer.byteLength(content) + 1, sha256 };
}
