"""Accuracy of single networks of the supernet, after their batch-norm statistics were re-estimated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..network.space import Architecture
from ..protocol.failure import JobFailed
from ..protocol.messages import Evaluate, Evaluated, Evaluation, FailureCode
from ..training import torch_private
from ..training.finite import finite
from ..training.meter import Meter
from ..training.model import Model, Stream
from .fitting import Load
from .workplace import Workplace


@torch.no_grad()
def evaluate(at: Workplace, job: Evaluate, meter: Meter) -> Evaluated:
    """
    Loss without smoothing, top-1 and per-class accuracy over the stream's active classes, by running statistics.

    With `recalibrate.batches` > 0 the path's statistics are first re-estimated, then put back: those gathered while
    many paths shared the batch norms fit no single one of them.
    """
    model, again = at.prepared(), job.recalibrate
    stream = model.stream(job.stream)
    source = model.stream(again.stream) if again.batches > 0 else None
    architectures = [tuple(architecture.list) for architecture in job.architectures]
    for architecture in architectures:
        model.supernet.check(architecture)
    if not architectures:
        raise ValueError("an evaluate job needs an architecture")
    different = list(dict.fromkeys(architectures))
    batches = job.batches or stream.batches_per_pass
    meter.steps = len(different) * (batches + again.batches)
    counted = []
    for architecture in different:
        with recalibrated(model, architecture, source, again.batches, meter), model.statistics("running"):
            counted.append(_count(model, architecture, stream, batches, meter))
    # one fetch for all
    results = {a: _told(model, a, row) for a, row in zip(different, torch.stack(counted).tolist(), strict=True)}
    return Evaluated(results=[results[a] for a in architectures])


def load_of_evaluate(job: Evaluate) -> Load:
    streams = (job.stream, job.recalibrate.stream) if job.recalibrate.batches > 0 else (job.stream,)
    return Load(streams, tuple(job.architectures[0].list) if job.architectures else None)


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
            torch_private.copy(running, saved)


def _count(model: Model, architecture: Architecture, stream: Stream, batches: int, meter: Meter) -> Tensor:
    """the task's counts of the stream's first batches"""
    counts = model.task.counts(model.compute.device)
    for batch in range(batches):
        x_NCHW, y_N = meter.batch(stream, batch)
        with model.compute.autocast():
            outputs = model.task.masked(model.supernet(x_NCHW, architecture), stream.active_K)
        model.task.count(counts, outputs, y_N)
        meter.stepped()
    return counts


def _told(model: Model, architecture: Architecture, counts: list[float]) -> Evaluation:
    evaluation = model.task.evaluation(counts)
    if evaluation.samples == 0:
        hint = "give the split images of these classes"
        raise JobFailed(FailureCode.data, "the stream to evaluate on has no image", hint)
    finite([evaluation.loss], f"the loss of {model.name(architecture)}")
    return evaluation
