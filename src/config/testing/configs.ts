import fc from "fast-check";
import type { ConfigInput } from "../schema.js";

/** Configs that the schema takes, of every section and method; some hold what fill refuses. */

const some = <T extends object>(keys: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(keys, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const of = fc.constantFrom;

const recipe = {
  batchSize: of(16, 100),
  learningRate: of(
    0.1,
    { from: 0.2, shape: "linear" },
    { from: 0.1, warmupEpochs: 2, shape: "cosine-restarts", cycles: 3 },
  ),
  optimizer: of({ momentum: 0, nesterov: false }, { clipValue: 5 }, { weightDecay: 0, decayNorm: true }),
  labelSmoothing: of(0, 0.2),
  augment: of("none", {}, { pad: 2 }, { flip: false }, { minArea: 0.5 }, { pad: 3, minArea: 0.3, cutout: 2 }),
};
const classes = of("10%", "33.3%", "100%", "all", 2, 20);
const gate = some({ every: of(1, 3), batchSize: of(77), beta1: of(0.5) });
const cost = {
  form: of("hinge", "linear", "log-power", "none"),
  lambda: of(0, 0.5),
  targetMacs: of("5M", "9K", "0.003K", "123.456K", 4_000_000),
};
const searching = { ...recipe, evaluation: of({ batchSize: 100 }, { recalibrateBatches: 0 }) };
const gates = { gateMode: of("two-path", "full"), gate };

const search = fc.oneof(
  some({
    strategy: of("da-nas"),
    warmup: some({ epochs: of(0, 4), classes }),
    rounds: of([{ classes: "all", epochs: 6 }], [{ classes: 5, prune: 0.2 }, { classes: "50%" }, { classes: 20 }]),
    epochsPerRound: of(9),
    order: of("easy-first", "hard-first", "random"),
    cost: some({ ...cost, fromRound: of(1, 2) }),
    final: of("most-likely", { bestOf: 4 }),
    ...gates,
    ...searching,
  }),
  fc.record(
    {
      strategy: of("proxyless"),
      warmupEpochs: of(0, 3),
      warmupLearningRate: of(0.2, { from: 0.1, shape: "constant" }),
      cost: some(cost),
      final: of("most-likely", "argmax", { bestOf: 4 }),
      ...gates,
      ...searching,
    },
    { requiredKeys: ["strategy"] },
  ),
  fc.record(
    { strategy: of("ddpnas"), passes: of(2), epochsPerPath: of(0.25), ...searching },
    { requiredKeys: ["strategy"] },
  ),
  fc.record({ strategy: of("random"), samples: of(5), epochs: of(0, 4), ...searching }, { requiredKeys: ["strategy"] }),
);

const data = fc.oneof(
  some({ splitSeed: of(4), onDevice: of("never") }).map((rest) => ({
    source: "synthetic",
    input: "3x32x32",
    classes: 20,
    ...rest,
  })),
  of({ source: "synthetic", input: "1x96x128", classes: 20, perClass: 7, noise: 0, testFraction: 0.2 }),
  of({ source: "fashion-mnist" }, { source: "fashion-mnist", root: "~/x", validFraction: 0.3 }),
  of({ source: "folder", root: "img", input: "3x64x64", classes: 20 }),
  of({ source: "python", factory: "my.mod:make", options: { a: [1, null, "x"] }, input: "3x40x40", classes: 20 }),
);

const space = of(
  "mobilenet-slim",
  "quickstart",
  {
    stem: [{ op: "c3", width: 8, stride: 2 }],
    stages: [
      { width: 16, slots: 2, stride: 2, candidates: ["k3e3", "k5e6se", "skip"] },
      { width: 24, slots: 1, candidates: ["k3e2.5@hswish", "c3"], activation: "silu", skipDownsamples: true },
    ],
    head: { width: 0, dropout: 0.2 },
  },
  { name: "one", stem: [{ op: "c3", width: 8 }], stages: [{ width: 8, slots: 1, candidates: ["k3e3"] }] },
);

const architecture = "k3e3.skip.skip/k3e3.skip.skip/k3e3.skip.skip/k3e3.skip.skip";

const worker = of(
  { kind: "mock", seed: 3 },
  { kind: "embedded", python: "bin/python", jobMinutes: 3 },
  { kind: "local", python: "python3", allowModules: ["my.mod"], pythonPath: ["a", "/b"] },
  { kind: "grpc", address: "localhost:7777", tokenVariable: "TOKEN" },
  { kind: "grpc", address: "gpu:7777", tls: { ca: "ca.pem", cert: "c.pem", key: "~/k.pem" } },
  { kind: "grpc", address: "gpu:7777", tls: { ca: "ca.pem" }, jobMinutes: 9 },
);

export const configs = fc.record(
  {
    name: of("a", "b.c-1"),
    seed: of(7),
    data,
    space,
    budget: some({ maxMacs: of("400M", 300_000_000), minMacs: of("2.5K"), maxParams: of("30M") }),
    programs: of(["rank", "search"], ["search"], ["rank"], ["search", "retrain"]),
    ranking: fc.oneof(
      { arbitrary: some({ references: of(["middle"], ["smaller", "larger"]), epochs: of(4), ...recipe }), weight: 5 },
      { arbitrary: of("none", { references: [architecture] }), weight: 1 },
    ),
    search,
    retrain: fc.oneof(
      { arbitrary: some({ epochs: of(11), split: of("train"), export: of(false), ...recipe }), weight: 5 },
      { arbitrary: of({ architecture }), weight: 1 },
    ),
    compute: of({ device: "cpu" }, { threads: 2, compile: true }),
    pipeline: of({ lag: 0 }, { stepsPerJob: 3 }),
    divergence: of({ rule: "stop" }, { factor: 0.1, tries: 1 }),
    checkpoints: of({ everySeconds: 0 }, { keep: 5, rounds: false }),
    worker,
    runs: of("r", "/abs/r"),
  },
  { requiredKeys: ["data", "space"] },
) as unknown as fc.Arbitrary<ConfigInput>;
