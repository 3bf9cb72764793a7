import { describe, expect, it } from "vitest";
import { architectureCost, costTable } from "../src/cost/table.js";
import { builtinSpace, builtinSpaces } from "../src/spaces/builtins.js";

/**
 * Multiply-adds of one 224x224 image and learnt parameters, 1000 classes. All but the last as torchvision 0.29.1 has them,
 * counted by torch's own counter (python_worker/tests/published compares them again, layer by layer):
 *
 *     python -c "import torch, torchvision; from torch.utils.flop_counter import FlopCounterMode as F
 *     net = torchvision.models.mobilenet_v2().eval()
 *     with F(display=False) as f: net(torch.zeros(1, 3, 224, 224))
 *     print(f.get_total_flops() // 2, sum(p.numel() for p in net.parameters()))"
 */
const published = [
  ["mobilenet-v2", 300_774_272, 3_504_872],
  ["mobilenet-v3-large", 216_589_760, 5_483_032],
  ["mobilenet-v3-small", 56_510_400, 2_542_856],
  ["efficientnet-b0", 385_814_752, 5_288_548],
  ["mnasnet-1.0", 314_415_872, 4_383_312],
] as const;

const cost = (name: string) => {
  const space = builtinSpace(name, builtinSpaces[name].input, 1000);
  expect(space.slots.every(({ candidates }) => candidates.length === 1)).toBe(true);
  return architectureCost(
    costTable(space),
    space.slots.map(() => 0),
  );
};

describe("published networks, built as spaces that leave nothing to choose", () => {
  it.each(published)("%s has exactly its MACs and parameters", (name, macs, params) => {
    expect(cost(name)).toEqual({ macs, params });
  });

  it("proxyless-mobile-found has the 4,080,512 parameters that pytorchcv asserts of proxylessnas_mobile", () => {
    const { macs, params } = cost("proxyless-mobile-found");
    expect(params).toBe(4_080_512);
    // ProxylessNAS's own repository gives 320M
    expect(Math.round(macs / 1e6)).toBe(320);
  });

  it("mobilenet-v2's first blocks cost what one counts by hand", () => {
    const { input } = builtinSpaces["mobilenet-v2"];
    const table = costTable(builtinSpace("mobilenet-v2", input, 1000));
    // stem 3x3x3x32 on 112x112, head 320x1280 on 7x7, classifier 1280x1000 with biases; two batch-norm parameters a channel
    expect(table.fixed).toEqual({
      macs: 27 * 32 * 112 * 112 + 320 * 1280 * 49 + 1280 * 1000,
      params: 27 * 32 + 64 + 320 * 1280 + 2560 + 1280 * 1000 + 1000,
    });
    // 32 to 16 without expansion, then 16 to 96 on 112x112, depthwise to 56x56, 96 to 24
    expect(table.slots[0][0].macs).toBe((9 * 32 + 32 * 16) * 112 * 112);
    expect(table.slots[1][0].macs).toBe(16 * 96 * 112 * 112 + (9 * 96 + 96 * 24) * 56 * 56);
  });
});
