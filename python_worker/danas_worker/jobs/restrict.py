"""Cutting candidates for good: their weights, statistics and momentum are freed."""

from __future__ import annotations

import gc

import torch

from ..network.space import Alive
from ..network.supernet import bytes_of
from ..protocol.messages import Restrict, Restricted
from ..training.meter import Meter
from ..training.model import Model
from .workplace import Workplace


def restrict(at: Workplace, job: Restrict, meter: Meter) -> Restricted:
    """Raises ValueError where `alive` is not a part of what is alive now, or leaves a slot empty."""
    model = at.prepared()
    freed = cut(model, tuple(tuple(candidates.list) for candidates in job.alive))
    left = sum(p.numel() for p in model.supernet.parameters())
    return Restricted(bytes_freed=freed, parameters_left=left)


def cut(model: Model, alive: Alive) -> int:
    """returns the bytes given up"""
    before = model.supernet.alive
    modules = model.supernet.keep(alive)
    gone = [(s, c) for s, choices in enumerate(before) for c in choices if c not in model.supernet.alive[s]]
    freed = model.groups.drop(gone) + sum(bytes_of(module) for module in modules)
    del modules
    if gone:
        # modules and what compiled them can hold each other in cycles
        gc.collect()
        if model.compute.device.type == "cuda":
            torch.cuda.empty_cache()
    return freed
