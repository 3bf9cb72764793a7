"""Gate gradients [C, ProxylessNAS]: how the loss would change if a little more of a candidate were let through."""

from __future__ import annotations

import torch
from torch import Tensor

from ..protocol.messages import Gates, GateSignal, GatesRead, GateStep, Row
from ..training.finite import finite
from ..training.meter import Meter
from ..training.model import Model
from .fitting import Load
from .workplace import Workplace


def gates(at: Workplace, job: Gates, meter: Meter) -> GatesRead:
    """
    A slot's output is sum_k g_k output_k, with g = 1 for the active candidate and 0 for the others; so
    dL/dg_k = sum(output_k x dL/d slot output), METHODS 1.4. L is the task's loss: no label smoothing, no dropout.

    Batch norms use the batch's statistics and leave the running ones alone; no weight gets a gradient.
    """
    model = at.prepared()
    stream = model.stream(job.stream)
    for step in job.steps:
        _check(model, step)
    model.set_scope(None)
    meter.steps = len(job.steps)
    read: list[Tensor] = []
    with model.statistics("batch"):
        for step in job.steps:
            x_NCHW, y_N = meter.batch(stream, step.batch)
            values = gate_step(model, step, x_NCHW, y_N, stream.active_K)
            read.append(values)
            meter.stepped(values[0])
    # one fetch for the whole job
    flat = iter(finite(torch.cat(read).tolist(), "a gate gradient or its loss"))
    signals = []
    for step in job.steps:
        loss, correct = next(flat), next(flat)
        rows = [Row(list=[next(flat) for _ in range(1 + len(others.list))]) for others in step.alternatives]
        signals.append(GateSignal(loss=loss, accuracy=correct, gradients=rows))
    return GatesRead(steps=signals)


def load_of_gates(job: Gates) -> Load:
    return Load((job.stream,), tuple(job.steps[0].architecture), backward=True)


def gate_step(model: Model, step: GateStep, x_NCHW: Tensor, y_N: Tensor, active_K: Tensor | None) -> Tensor:
    """loss, accuracy, then slot by slot the active candidate's gradient and its alternatives'; one vector"""
    supernet = model.supernet
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []
    with model.compute.autocast():
        for block in supernet.stem:
            x_NCHW = block(x_NCHW)
        for slot, choice in enumerate(step.architecture):
            inputs.append(x_NCHW)
            x_NCHW = supernet.candidate(slot, choice)(x_NCHW)
            if slot == 0:
                # weights are frozen: the graph begins here, and holds only what the slots' outputs need
                x_NCHW = x_NCHW.detach().requires_grad_()
            outputs.append(x_NCHW)
        for block in supernet.head:
            x_NCHW = block(x_NCHW)
        outputs_N = model.task.masked(supernet.classify(x_NCHW), active_K)
    loss = model.task.loss(outputs_N, y_N, active_K)
    values = [loss.detach(), model.task.accuracy(outputs_N, y_N)]
    gradients = torch.autograd.grad(loss, outputs) if outputs else ()
    with torch.no_grad(), model.compute.autocast():
        for slot, gradient in enumerate(gradients):
            values.append(_dot(outputs[slot], gradient))
            for other in step.alternatives[slot].list:
                values.append(_dot(supernet.candidate(slot, other)(inputs[slot]), gradient))
    return torch.stack(values)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    product = a.detach() * b
    return product.sum(dtype=torch.float32 if product.dtype.itemsize < 4 else None)


def _check(model: Model, step: GateStep) -> None:
    supernet = model.supernet
    architecture = tuple(step.architecture)
    supernet.check(architecture)
    if len(step.alternatives) != len(architecture):
        raise ValueError(f"alternatives need one entry a slot: {len(architecture)}, not {len(step.alternatives)}")
    for slot, (choice, others) in enumerate(zip(architecture, step.alternatives, strict=True)):
        for other in others.list:
            supernet.check((*architecture[:slot], other, *architecture[slot + 1 :]))
            if other == choice:
                raise ValueError(f"candidate {choice} of slot {slot} is active: it cannot be its own alternative")
