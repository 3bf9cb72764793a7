"""How large a batch fits, found by trying: for the hint of a job that ran out of memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..network.space import Architecture
from ..training.model import Model


@dataclass(frozen=True)
class Load:
    """what a job puts through the model"""

    streams: tuple[str, ...]
    """whose batches it reads"""
    path: Architecture | None
    """its first; None = it names none"""
    backward: bool = False


def fitting(model: Model, load: Load, batch_size: int, out_of_memory: Callable[[BaseException], bool]) -> int | None:
    """
    The first of half, a quarter, … of `batch_size` with which the path goes through, backward too where the job goes
    backward. None where not even one image does. Weights, momentum and statistics stay as they are.
    """
    if load.path is None:
        return None
    size = batch_size
    while size > 1:
        size //= 2
        try:
            _through(model, load.path, size, load.backward)
            return size
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                return None
        finally:
            for parameter in model.supernet.parameters():
                parameter.grad = None
    return None


def _through(model: Model, architecture: Architecture, size: int, backward: bool) -> None:
    shape = model.job.space.input
    x_NCHW = torch.zeros(size, shape.channels, shape.height, shape.width, device=model.compute.device)
    # gate steps go backward too, though no weight of theirs has a gradient
    x_NCHW = x_NCHW.contiguous(memory_format=model.compute.memory_format).requires_grad_(backward)
    with model.statistics("batch"), torch.set_grad_enabled(backward), model.compute.autocast():
        total = model.supernet(x_NCHW, architecture).float().sum()
    if backward:
        total.backward()
