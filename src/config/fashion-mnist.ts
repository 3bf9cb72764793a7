import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { InputShape } from "../domain/space.js";
import type { Environment } from "./context.js";

export const fashionMnistInput: InputShape = { channels: 1, height: 28, width: 28 };

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
