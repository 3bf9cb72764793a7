import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { Job } from "../src/domain/job.js";
import { Job as WireJob } from "../src/worker/generated/danas/v1/job.js";
import { Signal as WireSignal } from "../src/worker/generated/danas/v1/signal.js";
import { findPython, workerEnvironment } from "../src/worker/python.js";
import { jobToWire } from "../src/worker/wire/jobs.js";
import { outcomeFromWire } from "../src/worker/wire/replies.js";
import { tinyPlan } from "./support/plan.js";

/**
 * The words of src/domain and of python_worker/danas_worker/words.py are the same words: what one side says, the other
 * reads, field by field. Each side's conversion is tested beside it; here they meet.
 */

function python(program: string, input: string): string {
  const { stdout, stderr, status } = spawnSync(findPython(null), ["-c", program], {
    input,
    encoding: "utf8",
    env: workerEnvironment() as NodeJS.ProcessEnv,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const readJobs = `
import base64, dataclasses, json, sys
from danas_worker import words
from danas_worker.generated.danas.v1 import job_pb2
from danas_worker.wire import job_from_wire

KINDS = {kind: kind.__name__.lower() for kind in (
    words.MbConv, words.Conv, words.Skip, words.FashionMnist, words.Folder, words.Synthetic,
    words.Inspect, words.Prepare, words.Train, words.Gates, words.Score, words.Evaluate, words.BnScales,
    words.Restrict, words.Export)}
KINDS[words.PythonFactory] = "python"

def plain(value):
    if dataclasses.is_dataclass(value):
        fields = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"kind": KINDS[type(value)], **fields} if type(value) in KINDS else fields
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value

for line in sys.stdin:
    job = job_from_wire(job_pb2.Job.FromString(base64.b64decode(line)))
    print(json.dumps(plain(job)))
`;

/** the domain's spelling turned into Python's: snake case, kinds in one word */
function inPython(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inPython);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key === "kind") return [[key, String(item).replaceAll("-", "")]];
      if (key === "options") return [[key, item]]; // a person's own
      if (key === "recalibrate") {
        return [
          ["recalibrate_stream", item.stream],
          ["recalibrate_batches", item.batches],
        ];
      }
      return [[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), inPython(item)]];
    }),
  );
}

const plan = tinyPlan();
const { space } = plan;
const architecture = [0, 1, 2, 0];

const jobs: readonly Job[] = [
  { kind: "inspect", data: plan.data },
  { kind: "inspect", data: { ...plan.data, source: { kind: "fashion-mnist", root: "/data/fm" } } },
  { kind: "inspect", data: { ...plan.data, source: { kind: "folder", root: "/data/pets" } } },
  {
    kind: "inspect",
    data: {
      ...plan.data,
      source: { kind: "python", factory: "loaders:make", options: { imageSize: 32, names: ["é"] } },
    },
  },
  {
    kind: "prepare",
    space,
    spaceHash: "c0ffee",
    data: plan.data,
    streams: [
      {
        name: "train",
        split: "full",
        classes: ["class 1", "class 2"],
        batchSize: 96,
        shuffle: true,
        seed: 2 ** 53 - 1,
        augment: { pad: 4, flip: true, cutout: 6, minArea: 0.5 },
      },
      { name: "valid", split: "valid", classes: [], batchSize: 250, shuffle: false, seed: 0, augment: null },
    ],
    optimizer: { momentum: 0.8, nesterov: false, weightDecay: 1e-4, decayNorm: true, clipValue: 5 },
    labelSmoothing: 0.1,
    compute: { device: "cpu", precision: "bfloat16", channelsLast: true, compile: false, threads: 3 },
    seed: 4503599627370497,
    checks: [architecture],
  },
  {
    kind: "train",
    stream: "train",
    scope: "all-bn",
    steps: [
      {
        paths: [
          { architecture, weight: 0.75 },
          { architecture: [1, 1, 1, 1], weight: 0.25 },
        ],
        learningRate: 0.05,
        batch: 5_000_000_000,
      },
    ],
  },
  { kind: "gates", stream: "valid", steps: [{ architecture, alternatives: [[1, 2], [], [0], [3]], batch: 8 }] },
  { kind: "score", stream: "valid", architectures: [architecture, [1, 1, 1, 1]], batches: [6, 7] },
  {
    kind: "evaluate",
    stream: "valid",
    architectures: [architecture],
    batches: 3,
    recalibrate: { stream: "train", batches: 20 },
  },
  { kind: "bn-scales" },
  { kind: "restrict", alive: [[0, 3], [1], [0, 1, 2], [2]] },
  { kind: "export", architecture, folder: "best" },
];

describe("jobs", () => {
  it("are read by Python as they were meant, every field of every kind", () => {
    const lines = jobs.map((job) => Buffer.from(WireJob.encode(jobToWire(job)).finish()).toString("base64"));
    const read = python(readJobs, lines.join("\n"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(read).toHaveLength(jobs.length);
    for (const [index, job] of jobs.entries()) expect(read[index]).toEqual(inPython(job));
  });
});

const saySignals = `
import base64
from danas_worker.words import *
from danas_worker.wire import signal_to_wire

splits = (SplitInfo("train", (3, 4), "aa"), SplitInfo("full", (5, 6), "bb"))
for signal in (
    Inspected(DataInfo(("boot", "bag"), InputShape(3, 16, 24), splits, "ff")),
    Prepared("cuda:0", (3_000_000_000_000,), (17,)),
    Trained((2.25, 1.5), (0.125, 0.5), 128),
    GatesRead((GateSignal(1.25, 0.75, ((0.5, -0.25), (-0.0,))),)),
    Scored(((-1.0, -2.0, -3.0), (-4.0, -5.0, -6.0)), (8, 8, 4)),
    Evaluated((Evaluation(2.0, 0.5, (0.0, None, 1.0), 10),)),
    BnScalesRead(((0.5, 0.0), (1.0,))),
    Restricted(4096, 17),
    Exported((ExportedFile("model.safetensors", 9, "ab"),)),
):
    print(base64.b64encode(signal_to_wire(signal).SerializeToString()).decode())
`;

/** jobs whose answers have the shapes above */
const asked: readonly Job[] = [
  { kind: "inspect", data: plan.data },
  { ...(jobs[4] as Extract<Job, { kind: "prepare" }>), checks: [[0]] },
  {
    kind: "train",
    stream: "train",
    scope: "all",
    steps: [0, 1].map((batch) => ({ paths: [{ architecture: [0, 0], weight: 1 }], learningRate: 1, batch })),
  },
  { kind: "gates", stream: "valid", steps: [{ architecture: [0, 0], alternatives: [[1], []], batch: 0 }] },
  { kind: "score", stream: "valid", architectures: [[0], [1]], batches: [0, 1, 2] },
  {
    kind: "evaluate",
    stream: "valid",
    architectures: [[0]],
    batches: 0,
    recalibrate: { stream: "", batches: 0 },
  },
  { kind: "bn-scales" },
  { kind: "restrict", alive: [[0]] },
  { kind: "export", architecture: [0], folder: "best" },
];

const meant = [
  {
    kind: "inspect",
    data: {
      classes: ["boot", "bag"],
      input: { channels: 3, height: 16, width: 24 },
      splits: [
        { split: "train", counts: [3, 4], hash: "aa" },
        { split: "full", counts: [5, 6], hash: "bb" },
      ],
      fingerprint: "ff",
    },
  },
  { kind: "prepare", device: "cuda:0", macs: [3e12], params: [17] },
  { kind: "train", losses: [2.25, 1.5], accuracies: [0.125, 0.5], samples: 128 },
  { kind: "gates", steps: [{ loss: 1.25, accuracy: 0.75, gradients: [[0.5, -0.25], [0]] }] },
  {
    kind: "score",
    logLikelihoods: [
      [-1, -2, -3],
      [-4, -5, -6],
    ],
    samples: [8, 8, 4],
  },
  { kind: "evaluate", results: [{ loss: 2, accuracy: 0.5, perClass: [0, null, 1], samples: 10 }] },
  { kind: "bn-scales", scales: [[0.5, 0], [1]] },
  { kind: "restrict", bytesFreed: 4096, parametersLeft: 17 },
  { kind: "export", files: [{ path: "model.safetensors", bytes: 9, sha256: "ab" }] },
];

describe("signals", () => {
  it("of Python are read as they were meant, every field of every kind", () => {
    const read = python(saySignals, "")
      .trim()
      .split("\n")
      .map((line, index) => {
        const signal = WireSignal.decode(Buffer.from(line, "base64"));
        const outcome = outcomeFromWire(
          { id: index, job: asked[index] },
          { id: "", result: { $case: "signal", value: signal } },
        );
        return outcome.ok ? outcome.answer.signal : outcome.failure;
      });
    expect(read).toEqual(meant);
  });
});
