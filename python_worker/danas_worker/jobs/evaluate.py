"""Accuracy of single networks of the supernet, after their batch-norm statistics were re-estimated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from .finite import finite
from .loss import masked
from .meter import Meter
from .model import Model, Stream
from .words import Architecture, Evaluate, Evaluated, Evaluation, JobFailed


@torch.no_grad()
def evaluate(model: Model, job: Evaluate, meter: Meter) -> Evaluated:
    """
    Loss without smoothing, top-1 and per-class accuracy over the stream's active classes, by running statistics.

    With `recalibrate_batches` > 0 the path's statistics are first re-estimated, then put back: those gathered while
    many paths shared the batch norms fit no single one of them.
    """
    stream = model.stream(job.stream)
    source = model.stream(job.recalibrate_stream) if job.recalibrate_batches > 0 else None
    for architecture in job.architectures:
        model.supernet.check(architecture)
    if not job.architectures:
        raise ValueError("an evaluate job needs an architecture")
    different = list(dict.fromkeys(job.architectures))
    batches = job.batches or stream.batches_per_pass
    meter.steps = len(different) * (batches + job.recalibrate_batches)
    counted = []
    for architecture in different:
        with recalibrated(model, architecture, source, job.recalibrate_batches, meter), model.statistics("running"):
            counted.append(_count(model, architecture, stream, batches, meter))
    # one fetch for all: [architecture][loss sum, images of each class, right ones of each class]
    results = {a: _told(model, a, row) for a, row in zip(different, torch.stack(counted).tolist(), strict=True)}
    return Evaluated(tuple(results[a] for a in job.architectures))


@contextmanager
def recalibrated(
    model: Model, architecture: Architecture, source: Stream | None, batches: int, meter: Meter
) -> Iterator[None]:
    """
    Within, the path's running statistics are the plain mean of those of the source's first `batches` batches
    (variances unbiased, as torch keeps them); afterwards, whatever happens, they are what they were.
    """
    if source is None or batches == 0:
        yield
        return
    norms = model.supernet.norms(architecture)
    running = [statistic for norm in norms for statistic in (norm.running_mean, norm.running_var)]
    saved = [statistic.clone() for statistic in running]
    try:
        with model.statistics("update"):
            for batch in range(batches):
                # momentum 1, 1/2, 1/3, … makes the running value the mean so far
                model.supernet.statistics.momentum = 1.0 / (batch + 1)
                x_NCHW, _ = meter.batch(source, batch)
                with model.compute.autocast():
                    model.supernet(x_NCHW, architecture)
                meter.stepped()
        yield
    finally:
        if running:
            torch._foreach_copy_(running, saved)


def _count(model: Model, architecture: Architecture, stream: Stream, batches: int, meter: Meter) -> Tensor:
    """float64 on the device: loss sum, then images of each class, then those classified right"""
    classes, device = model.job.space.classes, model.compute.device
    # integers in float64: exact, and their sums do not depend on the order
    seen_K = torch.zeros(classes, dtype=torch.float64, device=device)
    right_K = torch.zeros_like(seen_K)
    loss_sum = torch.zeros(1, dtype=torch.float64, device=device)
    for batch in range(batches):
        x_NCHW, y_N = meter.batch(stream, batch)
        with model.compute.autocast():
            logits_NK = masked(model.supernet(x_NCHW, architecture), stream.active_K)
        loss_sum += F.cross_entropy(logits_NK, y_N, reduction="sum")
        hit_N = logits_NK.argmax(1) == y_N
        seen_K.scatter_add_(0, y_N, torch.ones_like(hit_N, dtype=torch.float64))
        right_K.scatter_add_(0, y_N, hit_N.double())
        meter.stepped()
    return torch.cat([loss_sum, seen_K, right_K])


def _told(model: Model, architecture: Architecture, row: list[float]) -> Evaluation:
    classes = model.job.space.classes
    seen, right = row[1 : 1 + classes], row[1 + classes :]
    samples = int(sum(seen))
    if samples == 0:
        raise JobFailed("data", "the stream to evaluate on has no image", "give the split images of these classes")
    (loss,) = finite([row[0] / samples], f"the loss of {model.name(architecture)}")
    per_class = tuple(r / s if s > 0 else None for s, r in zip(seen, right, strict=True))
    return Evaluation(loss, sum(right) / samples, per_class, samples)
