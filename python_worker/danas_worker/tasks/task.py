"""What a network is to learn. Training, gates, scores and evaluations know a task by this alone."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..protocol.messages import Evaluation, Prepare, Space
from .classification import Classification


class Task(Protocol):
    """
    `targets` are what a stream gives beside its images. `active` are its active classes, None = all: what was masked by
    them is handed to the other methods, so that a batch is masked once.
    """

    def head(self, space: Space) -> nn.Module:
        """what follows the last block; called with its output and the generator of dropout, None = no dropout"""
        ...

    def masked(self, outputs: Tensor, active: Tensor | None) -> Tensor:
        """the head's outputs, without what the stream knows nothing of"""
        ...

    def training_loss(self, outputs: Tensor, targets: Tensor, active: Tensor | None) -> Tensor:
        """what weight steps lower: mean over the images"""
        ...

    def loss(self, outputs: Tensor, targets: Tensor, active: Tensor | None) -> Tensor:
        """negative log-likelihood, mean over the images, nats: no regularisation"""
        ...

    def accuracy(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """of the batch, a fraction"""
        ...

    def counts(self, device: torch.device) -> Tensor:
        """zeros, float64, for `count` to add to: what an evaluation needs of its images is a sum over them"""
        ...

    def count(self, counts: Tensor, outputs: Tensor, targets: Tensor) -> None:
        """adds a batch, in place, on the device"""
        ...

    def evaluation(self, counts: list[float]) -> Evaluation:
        """what the counts say; samples 0 where nothing was counted"""
        ...


def task_of(job: Prepare) -> Task:
    """Raises KeyError where it is none of these: the door has seen to it."""
    name: Any = job.WhichOneof("task")
    return {"classification": lambda: Classification(job.classification, job.space.classes)}[name]()
