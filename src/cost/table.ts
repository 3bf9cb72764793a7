import type { Cost, CostTable, PricedArchitecture } from "../domain/cost.js";
import { assertNever } from "../domain/errors.js";
import { type Architecture, type Block, outSize, type Space } from "../domain/space.js";
import { encode } from "../spaces/encoding.js";

/**
 * MACs and parameters, exact. MACs: multiply-adds of convolutions and linear layers for one image, as
 * torch.utils.flop_counter counts (halved: it counts two per multiply-add); normalisation, activations, pooling and
 * biases are not counted. Parameters: all that is learnt, batch-norm scales and biases (2 a channel) included.
 */
export function blockCost(block: Block): Cost {
  const { op, inChannels, outChannels, stride, height, width } = block;
  const inPixels = height * width;
  const outPixels = outSize(height, stride) * outSize(width, stride);
  switch (op.kind) {
    case "skip":
      return { macs: 0, params: 0 };
    case "conv": {
      const weights = op.kernel ** 2 * inChannels * outChannels;
      return { macs: weights * outPixels, params: weights + 2 * outChannels };
    }
    case "mbconv": {
      const { kernel, hidden, squeeze } = op;
      const expand = hidden === inChannels ? 0 : inChannels * hidden;
      const depthwise = kernel ** 2 * hidden;
      const project = hidden * outChannels;
      const squeezing = 2 * hidden * squeeze;
      return {
        macs: expand * inPixels + (depthwise + project) * outPixels + squeezing,
        params:
          expand +
          (expand > 0 ? 2 * hidden : 0) +
          depthwise +
          2 * hidden +
          (squeeze > 0 ? squeezing + squeeze + hidden : 0) +
          project +
          2 * outChannels,
      };
    }
    default:
      return assertNever(op);
  }
}

const add = (a: Cost, b: Cost): Cost => ({ macs: a.macs + b.macs, params: a.params + b.params });

/** per candidate, and what is fixed; integers below 2^53 (checked) */
export function costTable(space: Space): CostTable {
  const { head } = space;
  let fixed: Cost = { macs: 0, params: 0 };
  for (const block of [...space.stem, ...head.blocks]) fixed = add(fixed, blockCost(block));
  const last = head.blocks.at(-1) ?? space.slots.at(-1)?.candidates[0].block ?? space.stem.at(-1);
  let features = last?.outChannels ?? space.input.channels;
  for (const width of [...(head.hidden > 0 ? [head.hidden] : []), space.classes]) {
    fixed = add(fixed, { macs: features * width, params: features * width + width });
    features = width;
  }
  const table = { fixed, slots: space.slots.map((slot) => slot.candidates.map(({ block }) => blockCost(block))) };
  let most = fixed.macs;
  for (const costs of table.slots) most += Math.max(...costs.map(({ macs }) => macs));
  if (!Number.isSafeInteger(most)) throw new Error("the space's MACs exceed 2^53");
  return table;
}

export function architectureCost(table: CostTable, architecture: Architecture): Cost {
  let { macs, params } = table.fixed;
  const { slots } = table;
  for (let slot = 0; slot < slots.length; slot++) {
    const cost = slots[slot][architecture[slot]];
    macs += cost.macs;
    params += cost.params;
  }
  return { macs, params };
}

export const priced = (space: Space, table: CostTable, architecture: Architecture): PricedArchitecture => ({
  architecture,
  encoded: encode(space, architecture),
  ...architectureCost(table, architecture),
});
