import { z } from "zod";
import type { DataSource, DataSpec } from "../../domain/data.js";
import { assertNever } from "../../domain/errors.js";
import type { WorkerSettings } from "../../domain/settings.js";
import { count, fraction, inputShape, nonNegative, path, printShape, readShape, seed } from "../../options/scalars.js";
import { countClasses, isFolder } from "../class-folders.js";
import { type Filling, pathIn } from "../context.js";
import { fashionMnistFolders, fashionMnistInput, missingFile } from "../fashion-mnist.js";

/** what every source has */
const common = {
  splitSeed: seed
    .default(0)
    .describe("Which images are held out. Apart from `seed`, so that searches with other seeds see the same split."),
  validFraction: fraction
    .gt(0)
    .max(0.9)
    .default(0.1)
    .describe(
      "Share of the training images held out for validation, of each class, where the source has no such split.",
    ),
  onDevice: z
    .enum(["auto", "always", "never"])
    .default("auto")
    .describe("Keep the images in the device's memory. auto: where they fit."),
};

const testFraction = fraction
  .max(0.9)
  .default(0.1)
  .describe("Share of the images held out for the test, of each class, where the source has no test split.");

const input = inputShape.describe("Channels, height and width of what the network is given; images are resized to it.");
const classes = z.int().min(2).max(1_000_000);

const fashionMnist = z
  .strictObject({
    source: z.literal("fashion-mnist"),
    root: path
      .optional()
      .describe(
        "Folder with the four files. Default: the user's cache, else the Debian package dataset-fashion-mnist.",
      ),
    ...common,
  })
  .describe("Fashion-MNIST: 70,000 grey images of 28x28, 10 classes of clothing.");

const folder = z
  .strictObject({
    source: z.literal("folder"),
    root: path.describe(
      "Folder of class folders of images; `train` and `test` (and `valid`) below it where the data comes split.",
    ),
    input,
    classes: classes.optional().describe("How many class folders there are. Default: counted."),
    testFraction,
    ...common,
  })
  .describe("Your own images, one folder a class.");

const synthetic = z
  .strictObject({
    source: z.literal("synthetic"),
    input,
    classes: classes.describe("How many classes to make."),
    perClass: count.max(100_000).default(100).describe("Images of each class."),
    noise: nonNegative.max(100).default(0.5).describe("Noise over the class's template; later classes are harder."),
    testFraction,
    ...common,
  })
  .describe("Images made from the seed: for tests and for trying things out.");

const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const python = z
  .strictObject({
    source: z.literal("python"),
    factory: z
      .string()
      .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$/, "must be module:function, such as my_data:make")
      .describe("`module:function` that is called with `options` and returns {split: map-style Dataset}."),
    options: z.record(z.string(), json).default({}).describe("Keyword arguments of the factory."),
    input,
    classes: classes.describe("How many classes the data sets have."),
    testFraction,
    ...common,
  })
  .describe("Your own PyTorch data sets, made by a function of yours.");

export const dataSchema = z
  .discriminatedUnion("source", [fashionMnist, folder, synthetic, python])
  .describe("The images to search on.");

export type DataConfig = z.output<typeof dataSchema>;

/** @returns null where a problem was found */
export function fillData(at: Filling, data: DataConfig, worker: WorkerSettings["kind"]) {
  const before = at.problems.length;
  const here = isHere(at, worker);
  const filled = filledOf(at, data, here);
  return at.problems.length > before ? null : filled;
}

export type CompleteData = NonNullable<ReturnType<typeof fillData>>;

function filledOf(at: Filling, data: DataConfig, here: boolean) {
  switch (data.source) {
    case "fashion-mnist": {
      const { source, root, ...rest } = data;
      return { source, root: fashionMnistRoot(at, root, here), ...rest };
    }
    case "folder": {
      const { source, root: written, input, classes: said, ...rest } = data;
      const root = folderRoot(at, written, here);
      const classes = classesOf(at, said, root, here);
      // without a count a problem was found
      return classes === null ? null : { source, root, input: printShape(input), classes, ...rest };
    }
    case "synthetic":
    case "python":
      return { ...data, input: printShape(data.input) };
    default:
      return assertNever(data);
  }
}

function folderRoot(at: Filling, text: string, here: boolean): string {
  const root = pathIn(at, ["data", "root"], text);
  if (here && !isFolder(root)) {
    at.problem(
      ["data", "root"],
      "E_DATA_MISSING",
      `there is no folder ${root}`,
      "name the folder that holds the class folders",
    );
  }
  return root;
}

function classesOf(at: Filling, said: number | undefined, root: string, here: boolean): number | null {
  const counted = here && isFolder(root) ? countClasses(root) : null;
  if (counted !== null && counted < 2) {
    const hint = "one folder a class; or a folder `train` that holds them";
    at.problem(
      ["data", "root"],
      "E_DATA_MISSING",
      `${root} holds ${counted} class folders, at least 2 are needed`,
      hint,
    );
    return null;
  }
  if (said === undefined) {
    if (counted !== null) return counted;
    if (at.problems.length === 0) {
      at.problem(
        ["data"],
        "E_CONFIG_MISSING",
        "data.classes is missing, and the folder cannot be looked into from here",
        "say how many class folders there are",
      );
    }
    return null;
  }
  if (counted !== null && counted !== said) {
    at.problem(
      ["data", "classes"],
      "E_DATA_CLASSES",
      `there are ${counted} class folders, data.classes is ${said}`,
      `write ${counted}, or leave it out`,
    );
  }
  return said;
}

function fashionMnistRoot(at: Filling, named: string | undefined, here: boolean): string {
  const fetch = "`node scripts/data.mjs` fetches it (30 MB); or set data.root to a folder with the four files";
  if (named !== undefined) {
    const root = pathIn(at, ["data", "root"], named);
    const missing = here ? missingFile(root) : null;
    if (missing) at.problem(["data", "root"], "E_DATA_MISSING", `${missing}.gz is not in ${root}`, fetch);
    return root;
  }
  const folders = fashionMnistFolders(at.env);
  const found = folders.find((folder) => missingFile(folder) === null);
  if (found) return found;
  if (here) at.problem(["data"], "E_DATA_MISSING", `Fashion-MNIST is not in ${folders.join(", nor in ")}`, fetch);
  return folders[folders.length - 1];
}

export function planData(data: CompleteData): DataSpec {
  const { validFraction, splitSeed, onDevice } = data;
  if (data.source === "fashion-mnist") {
    const source = { kind: data.source, root: data.root };
    return { source, input: fashionMnistInput, classes: 10, validFraction, testFraction: 0, splitSeed, onDevice };
  }
  const { classes, testFraction } = data;
  const input = readShape(data.input);
  return { source: sourceOf(data), input, classes, validFraction, testFraction, splitSeed, onDevice };
}

function sourceOf(data: Exclude<CompleteData, { source: "fashion-mnist" }>): DataSource {
  switch (data.source) {
    case "folder":
      return { kind: data.source, root: data.root };
    case "synthetic":
      return { kind: data.source, perClass: data.perClass, noise: data.noise };
    case "python":
      return { kind: data.source, factory: data.factory, optionsJson: JSON.stringify(data.options) };
    default:
      return assertNever(data);
  }
}

/** whether the images are read on this machine, so that we can look */
const isHere = (at: Filling, worker: WorkerSettings["kind"]): boolean =>
  !at.skipData && worker !== "mock" && worker !== "grpc";
