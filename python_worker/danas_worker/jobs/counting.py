"""MACs and parameters counted by torch's own tools, against which TypeScript checks its closed forms."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..network.space import Architecture
from ..training.model import Model


@torch.no_grad()
def count(model: Model, architecture: Architecture) -> tuple[int, int]:
    """
    (multiply-adds of one image's forward pass, learnt scalars) of one network. torch's counter counts convolutions and
    matrix products, at 2 for a multiply-add.
    """
    shape = model.job.space.input
    x_NCHW = torch.zeros(1, shape.channels, shape.height, shape.width, device=model.compute.device)
    with model.statistics("running"), FlopCounterMode(display=False) as counter:
        model.supernet(x_NCHW, architecture)
    blocks = [*model.supernet.path(architecture), model.supernet.classifier]
    return counter.get_total_flops() // 2, sum(p.numel() for block in blocks for p in block.parameters())
