import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

export const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/** class folders of the training images, as the worker counts them: visible folders */
export function countClasses(root: string): number {
  const train = join(root, "train");
  try {
    return readdirSync(isFolder(train) ? train : root).filter(
      (name) => !name.startsWith(".") && isFolder(join(isFolder(train) ? train : root, name)),
    ).length;
  } catch {
    return 0; // not ours to read
  }
}
