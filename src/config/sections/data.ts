import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { DataSource, DataSpec } from "../../domain/data.js";
import { assertNever } from "../../domain/errors.js";
import type { InputShape } from "../../domain/space.js";
import type { Config } from "../schema.js";
import { type Environment, pathIn, problem, type Resolving } from "./context.js";

type DataConfig = Config["data"];

/** @returns null where a problem was found */
export function resolveData(at: Resolving): DataSpec | null {
  const { data } = at.config;
  const before = at.problems.length;
  const source = sourceOf(at, data);
  const classes = classesOf(at, data, source);
  if (at.problems.length > before || classes === null) return null;
  return {
    source,
    input: data.source === "fashion-mnist" ? fashionMnistInput : data.input,
    classes,
    validFraction: data.validFraction,
    testFraction: data.source === "fashion-mnist" ? 0 : data.testFraction,
    splitSeed: data.splitSeed,
    onDevice: data.onDevice,
  };
}

const fashionMnistInput: InputShape = { channels: 1, height: 28, width: 28 };

/** whether the images are read on this machine, so that we can look */
const isHere = (at: Resolving): boolean =>
  !at.skipData && at.config.worker.kind !== "mock" && at.config.worker.kind !== "grpc";

function sourceOf(at: Resolving, data: DataConfig): DataSource {
  switch (data.source) {
    case "fashion-mnist":
      return { kind: "fashion-mnist", root: fashionMnistRoot(at, data.root) };
    case "folder": {
      const root = pathIn(at, ["data", "root"], data.root);
      if (isHere(at) && !isFolder(root)) {
        problem(
          at,
          ["data", "root"],
          "E_DATA_MISSING",
          `there is no folder ${root}`,
          "name the folder that holds the class folders",
        );
      }
      return { kind: "folder", root };
    }
    case "synthetic":
      return { kind: "synthetic", perClass: data.perClass, noise: data.noise };
    case "python":
      return { kind: "python", factory: data.factory, options: data.options };
    default:
      return assertNever(data);
  }
}

function classesOf(at: Resolving, data: DataConfig, source: DataSource): number | null {
  if (data.source === "fashion-mnist") return 10;
  if (data.source !== "folder") return data.classes;
  const counted = isHere(at) && source.kind === "folder" && isFolder(source.root) ? countClasses(source.root) : null;
  if (counted !== null && counted < 2) {
    const hint = "one folder a class; or a folder `train` that holds them";
    problem(
      at,
      ["data", "root"],
      "E_DATA_MISSING",
      `${source.kind === "folder" && source.root} holds ${counted} class folders, at least 2 are needed`,
      hint,
    );
    return null;
  }
  if (data.classes === undefined) {
    if (counted !== null) return counted;
    if (at.problems.length === 0) {
      problem(
        at,
        ["data"],
        "E_CONFIG_MISSING",
        "data.classes is missing, and the folder cannot be looked into from here",
        "say how many class folders there are",
      );
    }
    return null;
  }
  if (counted !== null && counted !== data.classes) {
    problem(
      at,
      ["data", "classes"],
      "E_DATA_CLASSES",
      `there are ${counted} class folders, data.classes is ${data.classes}`,
      `write ${counted}, or leave it out`,
    );
  }
  return data.classes;
}

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/** class folders of the training images, as the worker counts them: visible folders */
function countClasses(root: string): number {
  const train = join(root, "train");
  try {
    return readdirSync(isFolder(train) ? train : root).filter(
      (name) => !name.startsWith(".") && isFolder(join(isFolder(train) ? train : root, name)),
    ).length;
  } catch {
    return 0; // not ours to read
  }
}

// ---- Fashion-MNIST --------------------------------------------------------------------------------------------------

const files = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

/** Where Fashion-MNIST may lie, in the order scripts/data.mjs looks: named, the user's cache, the Debian package. */
export function fashionMnistFolders(env: Environment): string[] {
  if (env.DANAS_FASHION_MNIST) return [env.DANAS_FASHION_MNIST];
  const cache = env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), ".cache");
  return [join(cache, "danas/fashion-mnist"), "/usr/share/datasets/fashion-mnist"];
}

/** the first of the four files that is not in the folder; null where all are */
export const missingFile = (folder: string): string | null =>
  files.find((name) => !existsSync(join(folder, `${name}.gz`)) && !existsSync(join(folder, name))) ?? null;

function fashionMnistRoot(at: Resolving, named: string | undefined): string {
  const fetch = "`node scripts/data.mjs` fetches it (30 MB); or set data.root to a folder with the four files";
  if (named !== undefined) {
    const root = pathIn(at, ["data", "root"], named);
    const missing = isHere(at) ? missingFile(root) : null;
    if (missing) problem(at, ["data", "root"], "E_DATA_MISSING", `${missing}.gz is not in ${root}`, fetch);
    return root;
  }
  const folders = fashionMnistFolders(at.env);
  const found = folders.find((folder) => missingFile(folder) === null);
  if (found) return found;
  if (isHere(at))
    problem(at, ["data"], "E_DATA_MISSING", `Fashion-MNIST is not in ${folders.join(", nor in ")}`, fetch);
  return folders[folders.length - 1];
}
