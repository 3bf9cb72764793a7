"""Gate gradients [C, ProxylessNAS]: how the loss would change if a little more of a candidate were let through."""

from __future__ import annotations

import torch
from torch import Tensor

from .finite import finite
from .loss import accuracy, cross_entropy, masked
from .meter import Meter
from .model import Model
from .words import Gates, GateSignal, GatesRead, GateStep


def gates(model: Model, job: Gates, meter: Meter) -> GatesRead:
    """
    A slot's output is sum_k g_k output_k, with g = 1 for the active candidate and 0 for the others; so
    dL/dg_k = sum(output_k x dL/d slot output), METHODS 1.4. L is plain cross-entropy: no label smoothing, no dropout.

    Batch norms use the batch's statistics and leave the running ones alone; no weight gets a gradient.
    """
    stream = model.stream(job.stream)
    for step in job.steps:
        _check(model, step)
    model.set_scope("none")
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
        rows = tuple(tuple(next(flat) for _ in range(1 + len(others))) for others in step.alternatives)
        signals.append(GateSignal(loss, correct, rows))
    return GatesRead(tuple(signals))


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
        logits_NK = masked(supernet.classify(x_NCHW), active_K)
    loss = cross_entropy(logits_NK, y_N, active_K)
    values = [loss.detach(), accuracy(logits_NK, y_N)]
    gradients = torch.autograd.grad(loss, outputs) if outputs else ()
    with torch.no_grad(), model.compute.autocast():
        for slot, gradient in enumerate(gradients):
            values.append(_dot(outputs[slot], gradient))
            for other in step.alternatives[slot]:
                values.append(_dot(supernet.candidate(slot, other)(inputs[slot]), gradient))
    return torch.stack(values)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    product = a.detach() * b
    return product.sum(dtype=torch.float32 if product.dtype.itemsize < 4 else None)


def _check(model: Model, step: GateStep) -> None:
    supernet = model.supernet
    supernet.check(step.architecture)
    if len(step.alternatives) != len(step.architecture):
        raise ValueError(f"alternatives need one entry a slot: {len(step.architecture)}, not {len(step.alternatives)}")
    for slot, (choice, others) in enumerate(zip(step.architecture, step.alternatives, strict=True)):
        for other in others:
            supernet.check((*step.architecture[:slot], other, *step.architecture[slot + 1 :]))
            if other == choice:
                raise ValueError(f"candidate {choice} of slot {slot} is active: it cannot be its own alternative")
