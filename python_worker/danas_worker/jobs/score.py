"""Log-likelihoods of the same batches under several architectures [R, PARSEC]."""

from __future__ import annotations

import torch

from .finite import finite
from .loss import cross_entropy, masked
from .meter import Meter
from .model import Model
from .words import Score, Scored


@torch.no_grad()
def score(model: Model, job: Score, meter: Meter) -> Scored:
    """
    -N x mean cross-entropy of each batch of N images, nats; no smoothing, no dropout. Batch norms use the batch's
    statistics. Changes nothing. An architecture asked twice is computed once.
    """
    stream = model.stream(job.stream)
    for architecture in job.architectures:
        model.supernet.check(architecture)
    if not job.architectures or not job.batches:
        raise ValueError("a score job needs an architecture and a batch")
    different = list(dict.fromkeys(job.architectures))
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
                    logits_NK = masked(model.supernet(x_NCHW, architecture), stream.active_K)
                row.append(cross_entropy(logits_NK, y_N, stream.active_K) * -y_N.shape[0])
            scores_BA.append(torch.stack(row))
            meter.stepped()
    by_architecture = torch.stack(scores_BA, 1).tolist()
    rows = {
        a: tuple(finite(values, f"the score of {model.name(a)}"))
        for a, values in zip(different, by_architecture, strict=True)
    }
    return Scored(tuple(rows[a] for a in job.architectures), tuple(samples))
