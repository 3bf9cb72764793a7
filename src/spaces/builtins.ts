import { DanasError } from "../domain/errors.js";
import type { InputShape, Space } from "../domain/space.js";
import type { SpaceSpec, SqueezeSpec, StageSpec } from "../domain/space-spec.js";
import { closest } from "../util/closest.js";
import { buildSpace } from "./builder.js";

export interface Builtin {
  readonly spec: SpaceSpec;
  /** one line for people */
  readonly about: string;
  /** the input it is meant for; another one may be given */
  readonly input: InputShape;
}

const mobileInput: InputShape = { channels: 3, height: 224, width: 224 };
const ofInput: SqueezeSpec = { ratio: 0.25, of: "input", gate: "sigmoid" };
const ofHidden: SqueezeSpec = { ratio: 0.25, of: "hidden", gate: "hsigmoid" };

/** a space as it stands below, under its name: for phones and with EfficientNet's squeeze unless it says otherwise */
interface Entry extends Omit<SpaceSpec, "name" | "squeeze"> {
  readonly about: string;
  readonly input?: InputShape;
  readonly squeeze?: SqueezeSpec;
}

const kernels = [3, 5, 7];

/** every kernel with every expansion, in reading order */
const mbconvs = (expansions: readonly number[], suffix = ""): string[] =>
  kernels.flatMap((kernel) => expansions.map((expansion) => `k${kernel}e${expansion}${suffix}`));

/** stages from parallel lists, as papers' tables give them */
function chain(
  candidates: readonly string[],
  widths: readonly number[],
  repeats: readonly number[],
  strides: readonly number[],
): StageSpec[] {
  return widths.map((width, index) => ({ width, slots: repeats[index], stride: strides[index], candidates }));
}

// the MobileNetV2 chain as ProxylessNAS has it [C]
const proxylessWidths = [24, 40, 80, 96, 192, 320];
const proxylessRepeats = [4, 4, 4, 4, 4, 1];
const proxylessStrides = [2, 2, 2, 1, 2, 1];
const mobileStem = [
  { op: "c3", width: 32, stride: 2 },
  { op: "k3e1", width: 16, stride: 1 },
];

/** a network that leaves nothing to choose: one candidate a slot */
const fixed = (
  op: string,
  width: number,
  slots: number,
  stride: number,
  activation?: StageSpec["activation"],
): StageSpec => ({ width, slots, stride, candidates: [op], ...(activation && { activation }) });

const entries: Readonly<Record<string, Entry>> = {
  "danas-mobile": {
    about: "DA-NAS's large mobile space: 21 slots, k{3,5,7} x e{1,3,6} x SE{off,on} and skip",
    activation: "relu6",
    stem: mobileStem,
    stages: chain(
      [...mbconvs([1, 3, 6]), ...mbconvs([1, 3, 6], "se"), "skip"],
      proxylessWidths,
      proxylessRepeats,
      proxylessStrides,
    ),
    head: { width: 1280, hidden: 0, dropout: 0 },
  },
  "proxyless-mobile": {
    about: "ProxylessNAS's mobile space: 21 slots, k{3,5,7} x e{3,6} and skip",
    activation: "relu6",
    stem: mobileStem,
    stages: chain([...mbconvs([3, 6]), "skip"], proxylessWidths, proxylessRepeats, proxylessStrides),
    head: { width: 1280, hidden: 0, dropout: 0 },
  },
  "macro-bench": {
    about: "8 slots of {skip, e3k3, e6k5} on 32x32: small enough to be enumerated (6,561 networks)",
    input: { channels: 3, height: 32, width: 32 },
    activation: "relu6",
    stem: [{ op: "c3", width: 32, stride: 1 }],
    stages: [
      { width: 64, slots: 2, stride: 2, candidates: ["skip", "k3e3", "k5e6"], skipDownsamples: true },
      { width: 128, slots: 3, stride: 2, candidates: ["skip", "k3e3", "k5e6"], skipDownsamples: true },
      { width: 256, slots: 3, stride: 2, candidates: ["skip", "k3e3", "k5e6"], skipDownsamples: true },
    ],
    head: { width: 1280, hidden: 0, dropout: 0 },
  },
  "mobilenet-slim": {
    about: "for images of 28 to 64 pixels: 12 slots, k{3,5,7} x e{3,6} and skip",
    input: { channels: 3, height: 32, width: 32 },
    activation: "relu",
    stem: [{ op: "c3", width: 16, stride: 1 }],
    stages: chain([...mbconvs([3, 6]), "skip"], [24, 40, 80, 112], [3, 3, 3, 3], [2, 2, 2, 1]),
    head: { width: 512, hidden: 0, dropout: 0 },
  },
  quickstart: {
    // 3x3 kernels only: wider depthwise ones train several times slower on CPUs, where the quickstart has to run
    about: "the quickstart's, for 28x28: 7 slots, k3 x e{2,4,6} x SE{off,on}, plain c3, and skip",
    input: { channels: 1, height: 28, width: 28 },
    activation: "relu",
    stem: [{ op: "c3", width: 16, stride: 2 }],
    stages: chain(["k3e2", "k3e4", "k3e6", "k3e2se", "k3e4se", "c3", "skip"], [16, 40, 80], [2, 3, 2], [1, 2, 2]),
    head: { width: 192, hidden: 0, dropout: 0 },
  },
  "mobilenet-v2": {
    about: "MobileNetV2 1.0 (arXiv 1801.04381), nothing left to choose",
    activation: "relu6",
    stem: [{ op: "c3", width: 32, stride: 2 }],
    stages: [
      fixed("k3e1", 16, 1, 1),
      fixed("k3e6", 24, 2, 2),
      fixed("k3e6", 32, 3, 2),
      fixed("k3e6", 64, 4, 2),
      fixed("k3e6", 96, 3, 1),
      fixed("k3e6", 160, 3, 2),
      fixed("k3e6", 320, 1, 1),
    ],
    head: { width: 1280, hidden: 0, dropout: 0.2 },
  },
  "efficientnet-b0": {
    about: "EfficientNet-B0 (arXiv 1905.11946), nothing left to choose",
    activation: "silu",
    stem: [{ op: "c3", width: 32, stride: 2 }],
    stages: [
      fixed("k3e1se", 16, 1, 1),
      fixed("k3e6se", 24, 2, 2),
      fixed("k5e6se", 40, 2, 2),
      fixed("k3e6se", 80, 3, 2),
      fixed("k5e6se", 112, 3, 1),
      fixed("k5e6se", 192, 4, 2),
      fixed("k3e6se", 320, 1, 1),
    ],
    head: { width: 1280, hidden: 0, dropout: 0.2 },
  },
  "mobilenet-v3-large": {
    about: "MobileNetV3-Large 1.0 (arXiv 1905.02244), nothing left to choose",
    activation: "hswish",
    stem: [{ op: "c3", width: 16, stride: 2 }],
    stages: [
      fixed("k3e1", 16, 1, 1, "relu"),
      fixed("k3e4", 24, 1, 2, "relu"),
      fixed("k3e3", 24, 1, 1, "relu"),
      fixed("k5e3se", 40, 1, 2, "relu"),
      fixed("k5e3se", 40, 2, 1, "relu"),
      fixed("k3e6", 80, 1, 2),
      fixed("k3e2.5", 80, 1, 1),
      fixed("k3e2.3", 80, 2, 1),
      fixed("k3e6se", 112, 2, 1),
      fixed("k5e6se", 160, 1, 2),
      fixed("k5e6se", 160, 2, 1),
    ],
    head: { width: 960, hidden: 1280, dropout: 0.2 },
    squeeze: ofHidden,
  },
  "mobilenet-v3-small": {
    about: "MobileNetV3-Small 1.0 (arXiv 1905.02244), nothing left to choose",
    activation: "hswish",
    stem: [{ op: "c3", width: 16, stride: 2 }],
    stages: [
      fixed("k3e1se", 16, 1, 2, "relu"),
      fixed("k3e4.5", 24, 1, 2, "relu"),
      fixed("k3e3.6667", 24, 1, 1, "relu"),
      fixed("k5e4se", 40, 1, 2),
      fixed("k5e6se", 40, 2, 1),
      fixed("k5e3se", 48, 2, 1),
      fixed("k5e6se", 96, 3, 2),
    ],
    head: { width: 576, hidden: 1024, dropout: 0.2 },
    squeeze: ofHidden,
  },
  "mnasnet-1.0": {
    about: "MnasNet-B1 1.0 (arXiv 1807.11626), nothing left to choose",
    activation: "relu",
    stem: mobileStem,
    stages: [
      fixed("k3e3", 24, 3, 2),
      fixed("k5e3", 40, 3, 2),
      fixed("k5e6", 80, 3, 2),
      fixed("k3e6", 96, 2, 1),
      fixed("k5e6", 192, 4, 2),
      fixed("k3e6", 320, 1, 1),
    ],
    head: { width: 1280, hidden: 0, dropout: 0.2 },
  },
  "proxyless-mobile-found": {
    about: "what ProxylessNAS found for phones (arXiv 1812.00332), nothing left to choose",
    activation: "relu6",
    stem: mobileStem,
    stages: [
      fixed("k5e3", 32, 1, 2),
      fixed("k3e3", 32, 1, 1),
      fixed("k7e3", 40, 1, 2),
      fixed("k3e3", 40, 1, 1),
      fixed("k5e3", 40, 2, 1),
      fixed("k7e6", 80, 1, 2),
      fixed("k5e3", 80, 3, 1),
      fixed("k5e6", 96, 1, 1),
      fixed("k5e3", 96, 3, 1),
      fixed("k7e6", 192, 1, 2),
      fixed("k7e6", 192, 1, 1),
      fixed("k7e3", 192, 2, 1),
      fixed("k7e6", 320, 1, 1),
    ],
    head: { width: 1280, hidden: 0, dropout: 0 },
  },
};

export const builtinSpaces: Readonly<Record<string, Builtin>> = Object.fromEntries(
  Object.entries(entries).map(([name, { about, input = mobileInput, squeeze = ofInput, ...spec }]) => [
    name,
    { about, input, spec: { ...spec, name, squeeze } },
  ]),
);

/** @throws DanasError E_SPACE_UNKNOWN with the nearest name */
export function builtinSpace(name: string, input: InputShape, classes: number): Space {
  const builtin = Object.hasOwn(builtinSpaces, name) ? builtinSpaces[name] : undefined;
  if (!builtin) {
    const names = Object.keys(builtinSpaces);
    const near = closest(name, names);
    throw new DanasError("E_SPACE_UNKNOWN", `there is no space "${name}"`, {
      hint: near ? `did you mean "${near}"?` : `there are ${names.join(", ")}`,
    });
  }
  return buildSpace(builtin.spec, input, classes);
}
