import type { InputShape } from "./space.js";

/** where the images come from */
export type DataSource =
  | { readonly kind: "fashion-mnist"; readonly root: string }
  /** class folders; `root/train` and `root/test` where they exist, else one tree split by the fractions */
  | { readonly kind: "folder"; readonly root: string }
  /** made by the worker from the seed: class templates plus noise, later classes harder. For tests and demos only. */
  | { readonly kind: "synthetic"; readonly perClass: number; readonly noise: number }
  /** a person's own data sets: `module:function`, called with options, returns {split: map-style Dataset} */
  | { readonly kind: "python"; readonly factory: string; readonly options: Readonly<Record<string, unknown>> };

export interface DataSpec {
  readonly source: DataSource;
  readonly input: InputShape;
  readonly classes: number;
  /** share of the training images held out for validation, stratified by class, where the source has no valid split */
  readonly validFraction: number;
  /** share held out for the test, where the source has no test split */
  readonly testFraction: number;
  readonly splitSeed: number;
  /** keep the images on the worker's device: "auto" = where they fit */
  readonly onDevice: "auto" | "always" | "never";
}

/** `full` is train and valid together, for retraining */
export type Split = "train" | "valid" | "test" | "full";

/** batched tensor operations on the device; zero switches one off */
export interface Augment {
  /** random crop after zero padding of so many pixels */
  readonly pad: number;
  readonly flip: boolean;
  /** side of the square set to the mean, in pixels */
  readonly cutout: number;
  /** random resized crop: smallest area taken, 1 = off */
  readonly minArea: number;
}

/**
 * A named, infinite sequence of batches. Batch b is a function of (seed, name, b): epoch e is a permutation of the
 * split's images of the named classes, drawn from (seed, name, e); batch b is its slice. A shuffled stream drops the
 * incomplete last batch (unless it is the only one); an unshuffled one keeps it.
 */
export interface StreamSpec {
  readonly name: string;
  readonly split: Split;
  /** class names; also the classes whose logits are active. Empty = all. */
  readonly classes: readonly string[];
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly augment: Augment | null;
}

export interface SplitInfo {
  readonly split: Split;
  /** images per class, in the order of DataInfo.classes */
  readonly counts: readonly number[];
  /** sha256 over the split's (class name, image) sequence */
  readonly hash: string;
}

/** what the worker found when it opened the data */
export interface DataInfo {
  /** class names in label order. Keyed by name everywhere: tools disagree about the order of folders. */
  readonly classes: readonly string[];
  readonly input: InputShape;
  readonly splits: readonly SplitInfo[];
  readonly fingerprint: string;
}
