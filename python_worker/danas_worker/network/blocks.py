"""The layers of a network, and a whole network of them.

This file imports torch alone: `export` lays a copy of it beside the weights as ``model.py``, so that a network found
here runs where danas is not installed (``load`` at the bottom is its door). It therefore builds from plain
dictionaries, the JSON form of proto/danas/v1/space.proto.

Shapes: N images, C channels, H x W pixels, F features, K classes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BN_MOMENTUM = 0.1
BN_EPSILON = 1e-5

StatisticsMode = Literal["update", "batch", "running"]


class Statistics:
    """What every batch norm of a model does with its statistics; one object shared by all, so switching costs nothing.

    - ``update``: normalise by the batch, move the running statistics by ``momentum``
    - ``batch``: normalise by the batch, leave the running statistics alone
    - ``running``: normalise by the running statistics
    """

    def __init__(self) -> None:
        self.mode: StatisticsMode = "update"
        self.momentum = BN_MOMENTUM


class BatchNorm(nn.Module):
    """Batch norm over N, H, W. Without torch's counter of batches: one more kernel launch a layer and step."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, statistics: Statistics) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.statistics = statistics

    def forward(self, x_NCHW: Tensor) -> Tensor:
        statistics = self.statistics
        mode = statistics.mode
        if mode != "running" and x_NCHW.numel() == x_NCHW.shape[1]:
            raise ValueError("batch norm needs more than one value a channel: use a larger batch or a larger image")
        return torch.batch_norm(
            x_NCHW,
            self.weight,
            self.bias,
            None if mode == "batch" else self.running_mean,
            None if mode == "batch" else self.running_var,
            mode != "running",
            statistics.momentum,
            BN_EPSILON,
            True,
        )


def _identity(x: Tensor) -> Tensor:
    return x


# in place only where autograd's backward needs the result, not the input: relu and relu6 follow a batch norm, which
# needs its own input; hardswish and silu would copy what they overwrite
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu_,
    "relu6": lambda x: F.relu6(x, inplace=True),
    "hswish": F.hardswish,
    "silu": F.silu,
    "none": _identity,
}
GATES: dict[str, Callable[[Tensor], Tensor]] = {"sigmoid": torch.sigmoid, "hsigmoid": F.hardsigmoid}


class ConvNorm(nn.Module):
    """k x k convolution without bias, batch norm, activation. Padding (k - 1) / 2: outputs are ceil(size / stride)."""

    def __init__(
        self, inp: int, out: int, kernel: int, stride: int, activation: str, statistics: Statistics, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inp, out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
        self.norm = BatchNorm(out, statistics)
        self.activate = ACTIVATIONS[activation]

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return self.activate(self.norm(self.conv(x_NCHW)))


class SqueezeExcite(nn.Module):
    """x * gate(W2 act(W1 mean_HW(x))), W as 1x1 convolutions with biases."""

    def __init__(self, channels: int, squeezed: int, activation: str, gate: str) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.activate = ACTIVATIONS["relu" if gate == "hsigmoid" else activation]
        self.gate = GATES[gate]

    def forward(self, x_NCHW: Tensor) -> Tensor:
        s_NC11 = x_NCHW.mean((2, 3), keepdim=True)
        gate_NC11: Tensor = self.gate(self.expand(self.activate(self.reduce(s_NC11))))
        return x_NCHW * gate_NC11


class MbConv(nn.Module):
    """Inverted bottleneck; see MbConv in proto/danas/v1/space.proto."""

    def __init__(self, block: dict[str, Any], statistics: Statistics) -> None:
        super().__init__()
        op, inp, out, stride = block["op"], block["inChannels"], block["outChannels"], block["stride"]
        hidden, act = op["hidden"], op["activation"]
        self.expand = ConvNorm(inp, hidden, 1, 1, act, statistics) if hidden != inp else None
        self.depthwise = ConvNorm(hidden, hidden, op["kernel"], stride, act, statistics, groups=hidden)
        self.squeeze = SqueezeExcite(hidden, op["squeeze"], act, op["gate"]) if op["squeeze"] > 0 else None
        self.project = ConvNorm(hidden, out, 1, 1, "none", statistics)
        self.residual = stride == 1 and inp == out

    def forward(self, x_NCHW: Tensor) -> Tensor:
        h_NCHW: Tensor = x_NCHW if self.expand is None else self.expand(x_NCHW)
        h_NCHW = self.depthwise(h_NCHW)
        if self.squeeze is not None:
            h_NCHW = self.squeeze(h_NCHW)
        h_NCHW = self.project(h_NCHW)
        return x_NCHW + h_NCHW if self.residual else h_NCHW


class Skip(nn.Module):
    def forward(self, x_NCHW: Tensor) -> Tensor:
        return x_NCHW


def build_block(block: dict[str, Any], statistics: Statistics) -> nn.Module:
    """A Block of proto/danas/v1/space.proto as a module."""
    op = block["op"]
    if op["kind"] == "mbconv":
        return MbConv(block, statistics)
    if op["kind"] == "conv":
        sizes = (block["inChannels"], block["outChannels"], op["kernel"], block["stride"])
        return ConvNorm(*sizes, op["activation"], statistics)
    assert op["kind"] == "skip", op
    return Skip()


def last_norm(block: nn.Module) -> BatchNorm | None:
    """the batch norm that scales a block's output: of the projection, or of the convolution; a skip has none"""
    if isinstance(block, MbConv):
        return block.project.norm
    return block.norm if isinstance(block, ConvNorm) else None


class Classifier(nn.Module):
    """Global average pooling, an optional hidden linear layer, dropout, one linear layer of all classes."""

    def __init__(self, features: int, hidden: int, activation: str, dropout: float, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(features, hidden) if hidden > 0 else None
        self.activate = ACTIVATIONS[activation]
        self.dropout = dropout
        self.linear = nn.Linear(hidden or features, classes)

    def forward(self, x_NCHW: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Drops only where it is given a generator: the mask is then a function of the generator's seed alone."""
        # a mean, not adaptive pooling: its backward is deterministic on CUDA
        f_NF = x_NCHW.mean((2, 3))
        if self.hidden is not None:
            f_NF = self.activate(self.hidden(f_NF))
        if generator is not None and self.dropout > 0.0:
            keep = 1.0 - self.dropout
            mask_NF = torch.empty_like(f_NF, dtype=torch.float32).bernoulli_(keep, generator=generator).div_(keep)
            f_NF = f_NF * mask_NF.to(f_NF.dtype)
        logits_NK: Tensor = self.linear(f_NF)
        return logits_NK


class Network(nn.Module):
    """One architecture standing alone: blocks in a row, then the classifier."""

    def __init__(self, blocks: Iterable[dict[str, Any]], head: dict[str, Any], classes: int) -> None:
        super().__init__()
        self.statistics = Statistics()
        described = list(blocks)
        self.blocks = nn.ModuleList([build_block(block, self.statistics) for block in described])
        features = described[-1]["outChannels"]
        self.classifier = Classifier(features, head["hidden"], head["hiddenActivation"], head["dropout"], classes)
        self.generator: torch.Generator | None = None

    def train(self, mode: bool = True) -> Network:
        self.statistics.mode = "update" if mode else "running"
        return super().train(mode)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """logits_NK of normalised images. In training with dropout, masks come from `generator`, made on first use."""
        for block in self.blocks:
            x_NCHW = block(x_NCHW)
        if self.training and self.classifier.dropout > 0.0 and self.generator is None:
            self.generator = torch.Generator(device=x_NCHW.device)
        logits_NK: Tensor = self.classifier(x_NCHW, self.generator if self.training else None)
        return logits_NK


def load(folder: str | Path) -> Network:
    """The exported network, ready to classify: ``load(folder)(x_NCHW)`` gives logits_NK.

    Reads ``model.json`` and ``model.safetensors``. The order of the classes, the input's shape and the normalisation
    that x_NCHW needs stand in ``model.json``.
    """
    from safetensors.torch import load_file

    about = json.loads((Path(folder) / "model.json").read_text())
    network = Network(about["blocks"], about["head"], len(about["classes"]))
    network.load_state_dict(load_file(Path(folder) / "model.safetensors"))
    return network.eval()
