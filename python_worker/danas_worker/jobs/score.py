"""Log-likelihoods of the same batches under several architectures [R, PARSEC]."""

from __future__ import annotations

import torch

from ..protocol.messages import Row, Score, Scored
from ..training.finite import finite
from ..training.meter import Meter
from .fitting import Load
from .workplace import Workplace


@torch.no_grad()
def score(at: Workplace, job: Score, meter: Meter) -> Scored:
    """
    -N x mean cross-entropy of each batch of N images, nats; no smoothing, no dropout. Batch norms use the batch's
    statistics. Changes nothing. An architecture asked twice is computed once.
    """
    model, task = at.prepared(), at.prepared().task
    stream = model.stream(job.stream)
    architectures = [tuple(architecture.list) for architecture in job.architectures]
    for architecture in architectures:
        model.supernet.check(architecture)
    if not architectures or not job.batches:
        raise ValueError("a score job needs an architecture and a batch")
    different = list(dict.fromkeys(architectures))
    meter.steps = len(job.batches)
    samples: list[int] = []
    scores_BA = []
    with model.statistics("batch"):
        for batch in job.batches:
            x_NCHW, y_N = meter.batch(stream, batch)
            samples.append(y_N.shape[0])
            row = []
            for architecture in different:
                with model.compute.autocast():
                    outputs = task.masked(model.supernet(x_NCHW, architecture), stream.active_K)
                row.append(task.loss(outputs, y_N, stream.active_K) * -y_N.shape[0])
            scores_BA.append(torch.stack(row))
            meter.stepped()
    by_architecture = torch.stack(scores_BA, 1).tolist()
    rows = {
        a: Row(list=finite(values, f"the score of {model.name(a)}"))
        for a, values in zip(different, by_architecture, strict=True)
    }
    return Scored(log_likelihoods=[rows[a] for a in architectures], samples=samples)


def load_of_score(job: Score) -> Load:
    return Load((job.stream,), tuple(job.architectures[0].list) if job.architectures else None)
