import type { Cost } from "../../domain/cost.js";
import type { Architecture, Block, Space } from "../../domain/space.js";

/**
 * MACs and parameters the slow way: a network written out as plain layers, each of which is walked pixel by pixel, kernel
 * by kernel. Shares nothing with the closed forms it checks; padding multiplies zeros, and counts, as it does in torch.
 */
export function countNetwork(space: Space, architecture: Architecture): Cost {
  const chosen = space.slots.map((slot, index) => slot.candidates[architecture[index]].block);
  const blocks = [...space.stem, ...chosen, ...space.head.blocks];
  const total = { macs: 0, params: 0 };
  let [channels, height, width] = [space.input.channels, space.input.height, space.input.width];

  const convolution = (out: number, kernel: number, stride: number, groups: number, bias: boolean) => {
    let perPixel = 0;
    for (let o = 0; o < out; o++) perPixel += (channels / groups) * kernel * kernel;
    let [rows, columns] = [0, 0];
    for (let y = 0; y < height; y += stride) rows++;
    for (let x = 0; x < width; x += stride) columns++;
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) total.macs += perPixel;
    total.params += perPixel + (bias ? out : 0);
    [channels, height, width] = [out, rows, columns];
  };
  const normalisation = () => {
    for (let c = 0; c < channels; c++) total.params += 2;
  };
  const squeezeAndExcitation = (squeezed: number) => {
    const before = [channels, height, width];
    [height, width] = [1, 1];
    convolution(squeezed, 1, 1, 1, true);
    convolution(before[0], 1, 1, 1, true);
    [channels, height, width] = before;
  };
  const walk = ({ op, outChannels, stride }: Block) => {
    if (op.kind === "skip") return;
    if (op.kind === "conv") {
      convolution(outChannels, op.kernel, stride, 1, false);
      normalisation();
      return;
    }
    if (op.hidden !== channels) {
      convolution(op.hidden, 1, 1, 1, false);
      normalisation();
    }
    convolution(op.hidden, op.kernel, stride, channels, false);
    normalisation();
    if (op.squeeze > 0) squeezeAndExcitation(op.squeeze);
    convolution(outChannels, 1, 1, 1, false);
    normalisation();
  };

  for (const block of blocks) walk(block);
  [height, width] = [1, 1];
  if (space.head.hidden > 0) convolution(space.head.hidden, 1, 1, 1, true);
  convolution(space.classes, 1, 1, 1, true);
  return total;
}
