"""From a prepare job to a model."""

from __future__ import annotations

import os

import torch

from ..network.depthwise import use_strips
from ..network.supernet import build, parameter_bytes
from ..protocol.failure import JobFailed
from ..protocol.messages import FailureCode, Prepare, Prepared
from ..tasks.task import Task, task_of
from ..training.compute import set_up
from ..training.meter import Meter
from ..training.model import Data, Model
from ..training.optimizer import LossScaler, Sgd
from ..training.tensor_groups import Groups
from .counting import count
from .workplace import Workplace


def prepare(at: Workplace, job: Prepare, meter: Meter) -> Prepared:
    # before the new one is built: both might not fit
    at.forget_model()
    at.model, prepared = built(job, at.data(job.data, meter))
    return prepared


def built(job: Prepare, data: Data) -> tuple[Model, Prepared]:
    """Builds the supernet, draws its weights, opens the streams, counts the networks of `checks`."""
    compute = set_up(job.compute)
    found = len(data.info.classes)
    if found != job.space.classes:
        message = f"the data has {found} classes, the space has {job.space.classes}"
        raise JobFailed(FailureCode.data, message, f"set data.classes to {found}")
    task = task_of(job)
    _check_memory(job, task, compute.device)
    supernet = build(job.space, task, job.seed).to(compute.device, memory_format=compute.memory_format)  # type: ignore[call-overload]
    streams = {spec.name: data.stream(spec, compute.device, compute.channels_last) for spec in job.streams}
    scaler = LossScaler(compute.device) if compute.dtype == torch.float16 else None
    model = Model(job, task, data.info, data, compute, streams, supernet, Groups(supernet), Sgd(job.optimizer, scaler))
    counts = [count(model, tuple(architecture.list)) for architecture in job.checks]
    if compute.compile:
        _compile(model)
    elif compute.device.type == "cpu" and compute.dtype is None:
        use_strips(supernet)
    return model, Prepared(device=compute.name, macs=[macs for macs, _ in counts], params=[p for _, p in counts])


def _compile(model: Model) -> None:
    """Every block by itself: there are more paths than anyone could compile."""
    supernet = model.supernet
    blocks = [supernet.candidate(slot, choice) for slot, choices in enumerate(supernet.alive) for choice in choices]
    blocks += [*supernet.stem, *supernet.head]
    # blocks of a kind share their code, and torch gives up on code it has compiled too often
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 4 * len(blocks))
    torch._dynamo.config.accumulated_recompile_limit = max(
        torch._dynamo.config.accumulated_recompile_limit, 16 * len(blocks)
    )
    for block in blocks:
        block.compile(dynamic=False)


def _check_memory(job: Prepare, task: Task, device: torch.device) -> None:
    """weights and momentum must fit: on Linux the process would otherwise be killed instead of being told"""
    needed = 2 * parameter_bytes(job.space, task)
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
    else:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else needed
        free = max(free, _available())
    if needed > free:
        message = f"the supernet's weights and momentum need {needed / 1e9:.1f} GB, free are {free / 1e9:.1f} GB"
        raise JobFailed(FailureCode.out_of_memory, message, "use a smaller space")


def _available() -> int:
    """bytes that Linux could give without swapping, caches counted in; 0 where it does not say"""
    try:
        with open("/proc/meminfo") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 0
