"""BN-NAS's indicator [C]: mean |gamma| of each candidate's last batch norm."""

from __future__ import annotations

import torch

from ..protocol.messages import BnScales, BnScalesRead, Row
from ..training.finite import finite
from ..training.meter import Meter
from .workplace import Workplace


@torch.no_grad()
def bn_scales(at: Workplace, job: BnScales, meter: Meter) -> BnScalesRead:
    """[slot][candidate]; 0 where a candidate has no batch norm or was cut"""
    model = at.prepared()
    scales = [[0.0] * len(slot.candidates) for slot in model.job.space.slots]
    norms = list(model.supernet.last_norms())
    if norms:
        means = torch.stack([norm.weight.abs().mean() for _, _, norm in norms])
        for (slot, choice, _), mean in zip(norms, finite(means.tolist(), "a batch-norm scale"), strict=True):
            scales[slot][choice] = mean
    return BnScalesRead(scales=[Row(list=row) for row in scales])
