"""How large a batch fits, found by trying: for the hint of a job that ran out of memory."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .model import Model
from .words import Architecture, Evaluate, Gates, Job, Score, Train


def fitting(model: Model, job: Job, batch_size: int, out_of_memory: Callable[[BaseException], bool]) -> int | None:
    """
    The first of half, a quarter, … of `batch_size` with which the job's first path goes through, backward too where the
    job goes backward. None where not even one image does. Weights, momentum and statistics stay as they are.
    """
    architecture = _path_of(job)
    if architecture is None:
        return None
    size = batch_size
    while size > 1:
        size //= 2
        try:
            _through(model, architecture, size, backward=isinstance(job, Train | Gates))
            return size
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                return None
        finally:
            for parameter in model.supernet.parameters():
                parameter.grad = None
    return None


def _path_of(job: Job) -> Architecture | None:
    match job:
        case Train() if job.steps and job.steps[0].paths:
            return job.steps[0].paths[0].architecture
        case Gates() if job.steps:
            return job.steps[0].architecture
        case Score() | Evaluate() if job.architectures:
            return job.architectures[0]
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
