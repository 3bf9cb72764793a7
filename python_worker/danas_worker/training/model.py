"""What `prepare` makes and every later job works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from ..network.blocks import BN_MOMENTUM, StatisticsMode
from ..network.space import Architecture, name_of
from ..network.supernet import Supernet
from ..protocol.messages import DataInfo, Prepare, StreamSpec, TrainScope
from ..seeds import draw_seed
from ..tasks.task import Task
from .compute import Compute
from .optimizer import Sgd
from .tensor_groups import Groups, trainable


class Stream(Protocol):
    """a named, infinite sequence of batches; see StreamSpec in proto/danas/v1/data.proto"""

    @property
    def batches_per_pass(self) -> int: ...

    @property
    def active_K(self) -> Tensor | None:
        """classes whose logits count; None = all"""

    def batch(self, b: int) -> tuple[Tensor, Tensor]:
        """x_NCHW normalised, y_N; a function of the stream's seed, its name and b"""


class Data(Protocol):
    @property
    def info(self) -> DataInfo: ...

    def stream(self, spec: StreamSpec, device: torch.device, channels_last: bool) -> Any: ...


@dataclass
class Model:
    job: Prepare
    task: Task
    info: DataInfo
    data: Data
    compute: Compute
    streams: dict[str, Stream]
    supernet: Supernet
    groups: Groups
    optimizer: Sgd
    scope: TrainScope | None = TrainScope.all
    """what has requires_grad; set by set_scope"""
    generator: torch.Generator | None = field(default=None)
    """of dropout; seeded anew for every batch"""

    def stream(self, name: str) -> Stream:
        if name not in self.streams:
            raise ValueError(f"no stream is called {name!r}: the model was prepared with {sorted(self.streams)}")
        return self.streams[name]

    def set_scope(self, scope: TrainScope | None) -> None:
        """Lets gradients reach what `scope` names and nothing else; None = nothing."""
        if scope == self.scope:
            return
        moving = [parameter for group in self.groups.all() for parameter in trainable(group, scope)]
        for parameter in self.supernet.parameters():
            parameter.requires_grad_(False)
        for parameter in moving:
            parameter.requires_grad_(True)
        self.scope = scope

    @contextmanager
    def statistics(self, mode: StatisticsMode) -> Iterator[None]:
        """What batch norms do within; afterwards they update again, as training wants it."""
        statistics = self.supernet.statistics
        statistics.mode = mode
        try:
            yield
        finally:
            statistics.mode, statistics.momentum = "update", BN_MOMENTUM

    def dropout(self, stream: str, batch: int, path: int) -> torch.Generator | None:
        """The generator of one path's dropout mask: a function of position, so a resumed run drops the same ones."""
        if self.job.space.head.dropout == 0.0:
            return None
        if self.generator is None:
            self.generator = torch.Generator(device=self.compute.device)
        return self.generator.manual_seed(draw_seed("dropout", self.job.seed, stream, batch, path))

    def name(self, architecture: Architecture) -> str:
        """readable, for messages"""
        return ".".join(name_of(self.job.space, architecture))
