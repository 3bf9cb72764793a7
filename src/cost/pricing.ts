import type { Metric } from "../domain/cost.js";
import { type Block, outSize } from "../domain/space.js";

/** how one metric is priced: exact, of a block and of a linear layer with bias */
export interface Pricing {
  block(block: Block): number;
  linear(inFeatures: number, outFeatures: number): number;
}

/**
 * MACs: multiply-adds of convolutions and linear layers for one image, as torch.utils.flop_counter counts (halved: it
 * counts two per multiply-add); normalisation, activations, pooling and biases are not counted. Parameters: all that is
 * learnt, batch-norm scales and biases (2 a channel) included.
 */
export const pricing: Readonly<Record<Metric, Pricing>> = {
  macs: {
    block: ({ op, inChannels, outChannels, stride, height, width }) => {
      if (op.kind === "skip") return 0;
      const outPixels = outSize(height, stride) * outSize(width, stride);
      if (op.kind === "conv") return op.kernel ** 2 * inChannels * outChannels * outPixels;
      const { kernel, hidden, squeeze } = op;
      const expand = hidden === inChannels ? 0 : inChannels * hidden * height * width;
      return expand + (kernel ** 2 * hidden + hidden * outChannels) * outPixels + 2 * hidden * squeeze;
    },
    linear: (inFeatures, outFeatures) => inFeatures * outFeatures,
  },
  params: {
    block: ({ op, inChannels, outChannels }) => {
      if (op.kind === "skip") return 0;
      if (op.kind === "conv") return op.kernel ** 2 * inChannels * outChannels + 2 * outChannels;
      const { kernel, hidden, squeeze } = op;
      const expand = hidden === inChannels ? 0 : inChannels * hidden + 2 * hidden;
      const depthwise = kernel ** 2 * hidden + 2 * hidden;
      const excite = squeeze > 0 ? 2 * hidden * squeeze + squeeze + hidden : 0;
      return expand + depthwise + excite + hidden * outChannels + 2 * outChannels;
    },
    linear: (inFeatures, outFeatures) => inFeatures * outFeatures + outFeatures,
  },
};
