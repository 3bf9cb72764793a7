"""First weights [R, MobileNet]: convolutions kaiming normal by fan-out, batch norm 1 and 0, linear N(0, 0.01)."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..seeds import draw_seed
from .blocks import BatchNorm


@torch.no_grad()
def initialise(module: nn.Module, seed: int, path: str) -> None:
    """
    Fills `module` in place. Every tensor draws from its own generator, seeded by (seed, path, its name), on the CPU: a
    block's weights depend neither on what was built before it nor on the device, so a network retrained alone starts
    as the same network would in the supernet.
    """
    for name, part in module.named_modules():
        if isinstance(part, BatchNorm):
            part.weight.fill_(1.0)
            part.bias.zero_()
            part.running_mean.zero_()
            part.running_var.fill_(1.0)
        elif isinstance(part, nn.Conv2d | nn.Linear):
            # fan-out without the groups, as in MobileNetV2 of torchvision and in ProxylessNAS [C]
            fan_out = (
                part.kernel_size[0] * part.kernel_size[1] * part.out_channels if isinstance(part, nn.Conv2d) else 0
            )
            deviation = math.sqrt(2.0 / fan_out) if fan_out else 0.01
            generator = torch.Generator().manual_seed(draw_seed("weights", seed, path, name))
            part.weight.normal_(0.0, deviation, generator=generator)
            if part.bias is not None:
                part.bias.zero_()
