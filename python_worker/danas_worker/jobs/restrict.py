"""Cutting candidates for good: their weights, statistics and momentum are freed."""

from __future__ import annotations

import gc

import torch

from .model import Model
from .supernet import bytes_of
from .words import Alive, Restrict, Restricted


def restrict(model: Model, job: Restrict) -> Restricted:
    """Raises ValueError where `alive` is not a part of what is alive now, or leaves a slot empty."""
    freed = cut(model, job.alive)
    return Restricted(freed, sum(p.numel() for p in model.supernet.parameters()))


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
