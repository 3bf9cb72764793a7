import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode } from "../spaces/encoding.js";
import type { DaNasOptions } from "../strategies/da-nas/options.js";
import { loadConfig } from "./load.js";
import { problemsOf, settingsFrom } from "./testing/problems.js";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const synthetic = "data: { source: synthetic, input: 3x32x32, classes: 20 }\nspace: mobilenet-slim\n";
const fine = (text: string) => settingsFrom(text).plan;
const wrong = (text: string, options = {}) => problemsOf(() => settingsFrom(text, options));

describe("what is wrong with a config", () => {
  it("is told all at once, in the order of the file, each with a way on", () => {
    const text = `nam: x
data:
  source: fashon-mnist
space: { stem: [{ op: c3, width: 0 }], stagse: [] }
budget:
  maxMacs: 300
search:
  rounds:
    - { classes: x }
    - { epoch: 3 }
  learningRate: { form: 1 }
  cost: { form: hing }
ranking: { epochs: 0.5 }
retrain: { augment: { padd: 3 }, test: yes please }
`;
    expect(wrong(text)).toEqual([
      'E_CONFIG_KEY danas.yaml:1:1 a config has no key "nam" | did you mean "name"?',
      'E_CONFIG_VALUE danas.yaml:3:11 data.source must be one of fashion-mnist, folder, synthetic, python, not "fashon-mnist" | did you mean "fashion-mnist"?',
      "E_CONFIG_MISSING danas.yaml:4:1 space.stages is missing | The stages to search, in order.",
      "E_CONFIG_VALUE danas.yaml:4:34 space.stem.0.width must be at least 1, not 0 | Output channels.",
      'E_CONFIG_KEY danas.yaml:4:40 space has no key "stagse" | did you mean "stages"?',
      "E_CONFIG_VALUE danas.yaml:6:12 budget.maxMacs must be an amount with a unit, such as 300M or 1.2G, not 300 | Multiply-adds for one image, at most.",
      'E_CONFIG_VALUE danas.yaml:9:18 search.rounds.0.classes must be a count, a share such as 30%, or all, not "x" | Classes in the data: a count, a share such as 30%, or all.',
      "E_CONFIG_MISSING danas.yaml:10:7 search.rounds.1.classes is missing | Classes in the data: a count, a share such as 30%, or all.",
      'E_CONFIG_KEY danas.yaml:10:9 search.rounds.1 has no key "epoch" | did you mean "epochs"?',
      "E_CONFIG_MISSING danas.yaml:11:3 search.learningRate.from is missing | Learning rate at the start.",
      'E_CONFIG_KEY danas.yaml:11:19 search.learningRate has no key "form" | did you mean "from"?',
      'E_CONFIG_VALUE danas.yaml:12:17 search.cost.form must be one of hinge, linear, log-power, none, not "hing" | did you mean "hinge"?',
      "E_CONFIG_TYPE danas.yaml:13:20 ranking.epochs must be a whole number, not 0.5 | Epochs for each reference network.",
      'E_CONFIG_KEY danas.yaml:14:23 retrain.augment has no key "padd" | did you mean "pad"?',
      'E_CONFIG_TYPE danas.yaml:14:40 retrain.test must be true or false, not "yes please" | Measure the test set, once, at the end.',
    ]);
  });

  it.each([
    ["an empty file", "", "E_CONFIG_TYPE danas.yaml:1:1 the config must be a mapping (key: value), not empty"],
    ["a list", "- a\n", "E_CONFIG_TYPE danas.yaml:1:1 the config must be a mapping (key: value), not a list"],
    ["no data", "space: quickstart\n", "E_CONFIG_MISSING danas.yaml:1:1 data is missing"],
    ["an unknown strategy", `${synthetic}search: { strategy: proxless }\n`, 'did you mean "proxyless"?'],
    [
      "a key of another strategy",
      `${synthetic}search: { strategy: random, gate: {} }\n`,
      'E_CONFIG_KEY danas.yaml:3:29 search has no key "gate"',
    ],
    [
      "an unknown space",
      "data: { source: synthetic, input: 3x32x32, classes: 20 }\nspace: danas-mobil\n",
      'E_SPACE_UNKNOWN danas.yaml:2:8 there is no space "danas-mobil" | did you mean "danas-mobile"?',
    ],
    [
      "an unknown candidate",
      "data: { source: synthetic, input: 3x32x32, classes: 20 }\nspace:\n  stem: [{ op: c3, width: 8 }]\n  stages:\n    - { width: 8, slots: 1, candidates: [k4e3] }\n",
      "E_SPACE danas.yaml:5:41 slot 1.1: ",
    ],
    [
      "a budget out of reach",
      `${synthetic}budget: { maxMacs: 10K }\n`,
      "E_BUDGET_UNREACHABLE danas.yaml:3:20 the smallest architecture needs",
    ],
    [
      "limits that exclude each other",
      `${synthetic}budget: { maxMacs: 10M, minMacs: 20M }\n`,
      "E_BUDGET danas.yaml:3:34 ",
    ],
    [
      "more classes in a round than there are",
      `${synthetic}search: { rounds: [{ classes: 30 }] }\n`,
      "E_ROUNDS danas.yaml:3:31 30 classes, but the data has 20",
    ],
    [
      "classes that go away",
      `${synthetic}search: { rounds: [{ classes: 12 }, { classes: 8 }, { classes: all }] }\n`,
      "E_ROUNDS danas.yaml:3:48 round 2 has 8 classes, round 1 had 12",
    ],
    [
      "a search that ends on some classes",
      `${synthetic}search: { rounds: [{ classes: 50% }] }\n`,
      "E_ROUNDS danas.yaml:3:31 the last round has 10 of 20 classes",
    ],
    [
      "a round of one class",
      `${synthetic}search: { warmup: { classes: 1 } }\n`,
      "E_ROUNDS danas.yaml:3:30 a round needs at least 2 classes",
    ],
    [
      "a cost term without target",
      `${synthetic}search: { cost: { form: hinge } }\n`,
      "E_COST_TARGET danas.yaml:3:25 the cost term has no target",
    ],
    [
      "float16 on the CPU",
      `${synthetic}compute: { device: cpu, precision: float16 }\n`,
      "E_COMPUTE danas.yaml:3:36 float16 needs a GPU",
    ],
    ["a search without its ranking", `${synthetic}ranking: none\n`, "E_RANKING_MISSING danas.yaml:3:10 "],
    [
      "one round of fewer classes without a ranking to take them from",
      `${synthetic}ranking: none\nsearch: { warmup: { epochs: 0 }, rounds: [{ classes: 19 }, { classes: all }] }\n`,
      "E_RANKING_MISSING danas.yaml:3:10 ",
    ],
    [
      "a ranking that is to be trained by no program",
      `${synthetic}programs: [search]\n`,
      "E_PROGRAMS danas.yaml:3:11 the search needs a ranking",
    ],
    [
      "programs out of order",
      `${synthetic}programs: [search, rank]\n`,
      "E_PROGRAMS danas.yaml:3:11 programs must be in the order",
    ],
    ["nothing to retrain", `${synthetic}programs: [retrain]\n`, "E_PROGRAMS danas.yaml:3:11 nothing to retrain"],
    [
      "a network of another space",
      `${synthetic}retrain: { architecture: k3e3/k3e3 }\n`,
      "E_ARCHITECTURE danas.yaml:3:26 4 stages are needed, 2 are given",
    ],
    [
      "another machine in the open",
      `${synthetic}worker: { kind: grpc, address: "gpu7:7777" }\n`,
      "E_WORKER_PLAINTEXT danas.yaml:3:32 ",
    ],
    [
      "a token that is not there",
      `${synthetic}worker: { kind: grpc, address: "localhost:7777", tokenVariable: NO_SUCH }\n`,
      "E_WORKER_TOKEN danas.yaml:3:65 ",
    ],
    [
      "a test set of nothing",
      "data: { source: synthetic, input: 3x32x32, classes: 20, testFraction: 0 }\nspace: mobilenet-slim\n",
      "E_DATA_TEST danas.yaml:1:71 ",
    ],
    [
      "a folder that is not there",
      "data: { source: folder, root: flowers, input: 3x32x32 }\nspace: mobilenet-slim\n",
      "E_DATA_MISSING danas.yaml:1:31 there is no folder /nowhere/flowers",
    ],
  ])("is told: %s", (_, text, expected) => {
    expect(wrong(text, { skipData: false }).join("\n")).toContain(expected);
  });

  it("is told of --set where --set is to blame", () => {
    writeFileSync(join(folder, "c.yaml"), synthetic);
    const load = () => loadConfig("c.yaml", { cwd: folder, env: {}, set: ["budget.maxMacs=10K"] });
    expect(problemsOf(load)[0]).toContain("E_BUDGET_UNREACHABLE --set budget.maxMacs the smallest");
  });
});

describe("data", () => {
  it("counts class folders, in train where there is one", () => {
    for (const name of ["train/a", "train/b", "train/c", "test/a", "train/.hidden"])
      mkdirSync(join(folder, "images", name), { recursive: true });
    writeFileSync(
      join(folder, "c.yaml"),
      "data: { source: folder, root: images, input: 3x32x32 }\nspace: mobilenet-slim\n",
    );
    const load = (set: string[]) => loadConfig("c.yaml", { cwd: folder, env: {}, set }).plan.data;
    expect(load([])).toMatchObject({ classes: 3, source: { kind: "folder", root: join(folder, "images") } });
    expect(problemsOf(() => load(["data.classes=4"]))[0]).toContain(
      "E_DATA_CLASSES --set data.classes there are 3 class folders",
    );
  });

  it("finds Fashion-MNIST in the user's cache, and else says what fetches it", () => {
    const cached = join(folder, "danas/fashion-mnist");
    const text = "data: { source: fashion-mnist }\nspace: quickstart\n";
    const env = { DANAS_FASHION_MNIST: cached };
    expect(wrong(text, { env, skipData: false })[0]).toMatch(/^E_DATA_MISSING danas.yaml:1:7 .*scripts\/data.mjs/);
    mkdirSync(cached, { recursive: true });
    for (const name of ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]) {
      writeFileSync(join(cached, `${name}-ubyte.gz`), "");
    }
    expect(settingsFrom(text, { env, skipData: false }).plan.data.source).toEqual({
      kind: "fashion-mnist",
      root: cached,
    });
  });

  it("means relative paths from the config's folder, and in --set from where danas is called", () => {
    mkdirSync(join(folder, "configs/a/x"), { recursive: true });
    mkdirSync(join(folder, "configs/a/y"), { recursive: true });
    mkdirSync(join(folder, "b/x"), { recursive: true });
    mkdirSync(join(folder, "b/y"), { recursive: true });
    writeFileSync(
      join(folder, "configs/c.yaml"),
      "data: { source: folder, root: a, input: 3x32x32 }\nspace: mobilenet-slim\n",
    );
    const root = (set: string[]) => loadConfig("configs/c.yaml", { cwd: folder, env: {}, set }).plan.data.source;
    expect(root([])).toMatchObject({ root: join(folder, "configs/a") });
    expect(root(["data.root=b"])).toMatchObject({ root: join(folder, "b") });
  });
});

describe("a resolved plan", () => {
  it("has the paper's schedule where nothing else is said: 10 + 3 x 20 epochs on 10, 30, 60 and 100 % of the classes", () => {
    const plan = fine(
      "data: { source: synthetic, input: 3x224x224, classes: 1000 }\nspace: danas-mobile\nbudget: { maxMacs: 400M }\n",
    );
    const strategy = plan.search.strategy as DaNasOptions;
    expect(strategy.rounds.map(({ classes, epochs, prune, gates }) => [classes, epochs, prune, gates])).toEqual([
      [100, 10, 0, false],
      [300, 20, 0.4, true],
      [600, 20, 0.4, true],
      [1000, 20, 0.4, true],
    ]);
    expect(strategy.cost).toEqual({ form: "hinge", lambda: 0.1, beta: 0.3, metric: "macs", target: 400_000_000 });
    expect(strategy.gate).toEqual({
      every: 5,
      learningRate: 1e-3,
      beta1: 0,
      beta2: 0.999,
      epsilon: 1e-8,
      batchSize: 256,
    });
    expect(plan.search.recipe).toMatchObject({
      labelSmoothing: 0.1,
      learningRate: { shape: "cosine", from: 0.025, to: 0 },
    });
    expect(plan.programs).toEqual(["rank", "search", "retrain"]);
  });

  it("takes shares of classes as people mean them, never less than two", () => {
    const rounds = (classes: number, share: string) => {
      const text = `data: { source: synthetic, input: 3x32x32, classes: ${classes} }\nspace: mobilenet-slim\nsearch: { warmup: { classes: ${share} }, rounds: [{ classes: all }] }\n`;
      return (fine(text).search.strategy as DaNasOptions).rounds[0].classes;
    };
    // 0.07 x 100 is 7.000000000000001 in binary
    expect([rounds(100, "7%"), rounds(10, "30%"), rounds(10, "10%"), rounds(3, "1%")]).toEqual([7, 3, 2, 2]);
  });

  it("picks two different reference networks of ordinary blocks", () => {
    const plan = fine(synthetic);
    if (plan.ranking.source !== "train") throw new Error("no ranking");
    const [a, b] = plan.ranking.references.map((reference) => encode(plan.space, reference));
    // by hand: k3e3 < k5e3 < k7e3 < k3e6 < k5e6 < k7e6; the middle of six is the third, three quarters of the way the fifth
    expect(new Set(a.split(/[./]/))).toEqual(new Set(["k7e3"]));
    expect(new Set(b.split(/[./]/))).toEqual(new Set(["k5e6"]));
  });

  it("augments small images by padding and large ones by cropping", () => {
    expect(fine(synthetic).search.recipe.augment).toEqual({ pad: 4, flip: true, cutout: 0, minArea: 1 });
    const large = fine("data: { source: synthetic, input: 3x224x224, classes: 20 }\nspace: danas-mobile\n");
    expect(large.search.recipe.augment).toEqual({ pad: 0, flip: true, cutout: 0, minArea: 0.08 });
    expect(fine(`${synthetic}search: { augment: none }\n`).search.recipe.augment).toBeNull();
  });

  it("does without a ranking where the strategy does", () => {
    for (const strategy of ["proxyless", "ddpnas", "random"]) {
      const plan = fine(`${synthetic}search: { strategy: ${strategy} }\n`);
      expect([plan.programs, plan.ranking.source]).toEqual([["search", "retrain"], "none"]);
    }
    expect(fine(`${synthetic}search: { order: random }\n`).programs).toEqual(["search", "retrain"]);
    // the control without a curriculum: in whichever order, all classes are there from the start
    const whole = "search: { warmup: { classes: 20 }, rounds: [{ classes: 100% }, { classes: all }] }\n";
    for (const ranking of ["", "ranking: none\n"])
      expect(fine(synthetic + whole + ranking).programs).toEqual(["search", "retrain"]);
    // a ranking that was asked for is trained all the same
    expect(fine(`${synthetic}${whole}ranking: { epochs: 2 }\n`).programs).toEqual(["rank", "search", "retrain"]);
    expect(
      fine(`${synthetic}retrain: { architecture: k3e3.skip.skip/k3e3.skip.skip/k3e3.skip.skip/k3e3.skip.skip }\n`)
        .programs,
    ).toEqual(["retrain"]);
  });

  it("lets the worker import the module that the factory names, and no other", () => {
    const text =
      'data: { source: python, factory: "my.data:make", input: 3x32x32, classes: 4 }\nspace: mobilenet-slim\n';
    expect(settingsFrom(text).worker).toEqual({
      kind: "local",
      python: null,
      allowModules: ["my.data"],
      pythonPath: ["/nowhere"],
    });
    expect(wrong(`${text}worker: { allowModules: [other] }\n`)[0]).toContain("E_WORKER_MODULE danas.yaml:3:25 ");
  });

  it("holds no undefined, and is the same after JSON", () => {
    const { plan } = settingsFrom(synthetic);
    expect(JSON.parse(JSON.stringify(plan))).toStrictEqual(plan);
  });
});

describe("the examples", () => {
  const names = readdirSync(examples).filter((name) => name.endsWith(".yaml"));

  it.each(names)("%s is valid, and says the same once every default is written out", (name) => {
    // what the folder example needs is not here: the number of its classes stands in
    const set = name === "folder.yaml" ? ["data.classes=5"] : [];
    const options = { cwd: examples, env: {}, skipData: true };
    const first = loadConfig(name, { ...options, set });
    writeFileSync(join(folder, "again.yaml"), first.resolvedYaml);
    const second = loadConfig(join(folder, "again.yaml"), options);
    expect(second).toEqual(first);
    expect(second.resolvedYaml).toBe(first.resolvedYaml);
  });

  it("holds the paper's schedule and the quickstart's budget", () => {
    const load = (name: string) => loadConfig(name, { cwd: examples, env: {}, skipData: true }).plan;
    const strategy = load("imagenet-mock.yaml").search.strategy as DaNasOptions;
    expect(strategy.rounds.map(({ classes, epochs }) => [classes, epochs])).toEqual([
      [100, 10],
      [300, 20],
      [600, 20],
      [1000, 20],
    ]);
    expect(load("quickstart.yaml").budget.macs?.most).toBe(4_000_000);
  });
});
