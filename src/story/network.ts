import { architectureCost, blockCost, costTable, linearCost } from "../cost/table.js";
import { type Architecture, type Block, outSize, type Space } from "../domain/space.js";

/** A network laid out for drawing, input first: blocks with their widths, resolution and share of the cost. */
export interface DrawnNetwork {
  readonly input: { readonly channels: number; readonly height: number; readonly width: number };
  readonly groups: readonly DrawnGroup[];
  readonly classes: number;
  readonly macs: number;
}

export interface DrawnGroup {
  /** `stem`, `stage 2`, `head` */
  readonly name: string;
  readonly blocks: readonly DrawnBlock[];
}

export interface DrawnBlock {
  /** the slot's name, null for what is fixed */
  readonly slot: string | null;
  /** the candidate as it is written; for fixed blocks the like */
  readonly name: string;
  readonly kind: "mbconv" | "conv" | "skip" | "linear";
  readonly kernel: number;
  readonly inChannels: number;
  readonly hidden: number;
  readonly outChannels: number;
  readonly squeeze: boolean;
  readonly residual: boolean;
  readonly stride: number;
  /** of the output, pixels; 1 x 1 after pooling */
  readonly outHeight: number;
  readonly outWidth: number;
  readonly macs: number;
  readonly params: number;
  /** of the network's MACs */
  readonly share: number;
}

export function drawNetwork(space: Space, architecture: Architecture): DrawnNetwork {
  const { macs } = architectureCost(costTable(space), architecture);
  const place = (block: Block, name: string, slot: string | null): DrawnBlock => {
    const { op, inChannels, outChannels, stride, height, width } = block;
    const cost = blockCost(block);
    return {
      ...{ slot, name, kind: op.kind, kernel: op.kind === "skip" ? 0 : op.kernel, inChannels, outChannels, stride },
      hidden: op.kind === "mbconv" ? op.hidden : outChannels,
      squeeze: op.kind === "mbconv" && op.squeeze > 0,
      residual: op.kind === "mbconv" && stride === 1 && inChannels === outChannels,
      outHeight: outSize(height, stride),
      outWidth: outSize(width, stride),
      ...cost,
      share: macs > 0 ? cost.macs / macs : 0,
    };
  };
  const stem: DrawnGroup = { name: "stem", blocks: space.stem.map((block) => place(block, fixedName(block), null)) };
  const stages = new Map<number, DrawnBlock[]>();
  for (const [index, slot] of space.slots.entries()) {
    const candidate = slot.candidates[architecture[index]];
    const blocks = stages.get(slot.stage) ?? [];
    blocks.push(place(candidate.block, candidate.name, slot.name));
    stages.set(slot.stage, blocks);
  }
  const head: DrawnBlock[] = space.head.blocks.map((block) => place(block, fixedName(block), null));
  const linear = (inChannels: number, outChannels: number, name: string): DrawnBlock => {
    const cost = linearCost(inChannels, outChannels);
    return {
      ...{ slot: null, name, kind: "linear", kernel: 0, inChannels, hidden: outChannels, outChannels, squeeze: false },
      ...{ residual: false, stride: 1, outHeight: 1, outWidth: 1, ...cost, share: macs > 0 ? cost.macs / macs : 0 },
    };
  };
  const lastWidth = (head.at(-1) ?? [...stages.values()].at(-1)?.at(-1) ?? stem.blocks.at(-1))?.outChannels ?? 0;
  if (space.head.hidden > 0) head.push(linear(lastWidth, space.head.hidden, "linear"));
  head.push(linear(space.head.hidden || lastWidth, space.classes, "linear"));
  return {
    input: space.input,
    groups: [
      stem,
      ...[...stages].map(([stage, blocks]) => ({ name: `stage ${stage}`, blocks })),
      { name: "head", blocks: head },
    ].filter(({ blocks }) => blocks.length > 0),
    classes: space.classes,
    macs,
  };
}

function fixedName({ op, inChannels }: Block): string {
  if (op.kind === "skip") return "skip";
  if (op.kind === "conv") return `c${op.kernel}`;
  const expansion = op.hidden / inChannels;
  return `k${op.kernel}e${Number(expansion.toFixed(2))}${op.squeeze > 0 ? "se" : ""}`;
}
