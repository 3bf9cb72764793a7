import type { DataInfo, Split } from "../domain/data.js";

/** images of a split, of all classes or of those named; 0 where the data has no such split */
export function imagesIn(data: DataInfo, split: Split, classes: readonly string[] = data.classes): number {
  const counts = data.splits.find((info) => info.split === split)?.counts;
  if (!counts) return 0;
  const wanted = new Set(classes);
  let images = 0;
  for (const [index, name] of data.classes.entries()) if (wanted.has(name)) images += counts[index];
  return images;
}
