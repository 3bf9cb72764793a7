"""The published networks among the built-in spaces are torchvision's, layer by layer.

Each space, as TypeScript builds it, becomes a network of blocks.py. Parameters and multiply-adds are compared;
with the weights of torchvision's network carried over, outputs are, too.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from danas_worker.network.blocks import BN_EPSILON, BatchNorm, Network

ROOT = Path(__file__).resolve().parents[3]

TORCHVISION = {
    "mobilenet-v2": "mobilenet_v2",
    "mobilenet-v3-large": "mobilenet_v3_large",
    "mobilenet-v3-small": "mobilenet_v3_small",
    "efficientnet-b0": "efficientnet_b0",
    "mnasnet-1.0": "mnasnet1_0",
}

EXPORT = """
import { builtinSpace, builtinSpaces } from "./src/spaces/builtins.js";
import { architectureCost, costTable } from "./src/cost/table.js";
const priced = process.argv.slice(1).map((name) => {
  const space = builtinSpace(name, builtinSpaces[name].input, 1000);
  return [name, { space, ...architectureCost(costTable(space), space.slots.map(() => 0)) }];
});
console.log(JSON.stringify(Object.fromEntries(priced)));
"""


@pytest.fixture(scope="module")
def spaces() -> dict[str, Any]:
    """name to space, MACs and parameters, all as TypeScript has them"""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "tsx").is_dir():
        pytest.skip("needs Node and the project's packages (npm ci)")
    command = [node, "--import", "tsx", "--input-type=module", "-e", EXPORT, "--", *TORCHVISION]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    exported: dict[str, Any] = json.loads(done.stdout)
    return exported


def network_of(space: dict[str, Any]) -> Network:
    candidates = [slot["candidates"] for slot in space["slots"]]
    assert all(len(of_slot) == 1 for of_slot in candidates)
    blocks = [*space["stem"], *(of_slot[0]["block"] for of_slot in candidates), *space["head"]["blocks"]]
    return Network(blocks, space["head"], space["classes"]).eval()


def count(network: nn.Module, x_NCHW: torch.Tensor) -> int:
    """multiply-adds of one image: torch counts two operations for each"""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(x_NCHW)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("name", TORCHVISION)
def test_it_is_torchvisions_network(name: str, spaces: dict[str, Any]) -> None:
    ours = network_of(spaces[name]["space"])
    torch.manual_seed(1)
    theirs = getattr(torchvision.models, TORCHVISION[name])(weights=None).eval()

    own, published = list(ours.parameters()), list(theirs.parameters())
    assert [tuple(p.shape) for p in own] == [tuple(p.shape) for p in published]
    assert spaces[name]["params"] == sum(p.numel() for p in published)

    image_1CHW = torch.zeros(1, 3, 224, 224)
    assert spaces[name]["macs"] == count(theirs, image_1CHW) == count(ours, image_1CHW)

    # as trained: statistics and scales that are not all zeros and ones
    norms = [m for m in theirs.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        # some publish with 1e-3: a constant of training, not of the architecture
        norm.eps = BN_EPSILON
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.5)
    own_norms = [m for m in ours.modules() if isinstance(m, BatchNorm)]
    # small images: what is computed a pixel does not depend on how many there are
    x_NCHW = torch.randn(8, 3, 64, 64)
    with torch.no_grad():
        for norm in norms:
            norm.train()
            norm.momentum = None  # the mean over batches: of one
        theirs(x_NCHW)
        theirs.eval()
        for a, b in zip(own, published, strict=True):
            a.copy_(b)
        for mine, norm in zip(own_norms, norms, strict=True):
            assert norm.running_mean is not None and norm.running_var is not None
            mine.running_mean.copy_(norm.running_mean)
            mine.running_var.copy_(norm.running_var)
        expected_NK, computed_NK = theirs(x_NCHW), ours(x_NCHW)
    assert expected_NK.std() > 0.01
    torch.testing.assert_close(computed_NK, expected_NK, rtol=1e-4, atol=1e-4 * expected_NK.abs().max().item())
