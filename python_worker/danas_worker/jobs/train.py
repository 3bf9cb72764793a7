"""Weight steps: the loop of every training in danas, be it of a supernet, a reference network or the final one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from ..network.space import Architecture
from ..protocol.failure import JobFailed
from ..protocol.messages import FailureCode, Train, Trained, TrainScope, TrainStep
from ..training import torch_private
from ..training.meter import Meter
from ..training.model import Model
from ..training.tensor_groups import Group, moved, trainable
from .fitting import Load
from .workplace import Workplace


def train(at: Workplace, job: Train, meter: Meter) -> Trained:
    """
    Each step computes its paths on one batch, adds up their weighted gradients and moves the blocks they use.

    Nothing waits for the device before the end of the job. Raises JobFailed non_finite then, where a loss was not
    finite, or where weights that moved are not: they are spoilt by that time, so train on from a checkpoint. What was
    answered left finite weights.
    """
    model = at.prepared()
    stream = model.stream(job.stream)
    for step in job.steps:
        for path in step.paths:
            model.supernet.check(tuple(path.architecture))
    model.set_scope(job.scope)
    meter.steps = len(job.steps)
    device = model.compute.device
    # losses, accuracies
    told_2S = torch.empty(2, len(job.steps), device=device)
    moved_by: dict[int, Group] = {}
    for index, step in enumerate(job.steps):
        weights = merged(step)
        x_NCHW, y_N = meter.batch(stream, step.batch)
        loss, correct = backward(model, job.stream, step.batch, weights, x_NCHW, y_N, stream.active_K)
        groups = model.groups.of(weights)
        moved_by.update((id(group), group) for group in groups)
        model.optimizer.step(moved(groups, job.scope, model.job.optimizer.decay_norm), step.learning_rate)
        told_2S[0, index] = loss
        told_2S[1, index] = correct
        meter.stepped(loss)
    # the one wait for the device: losses, accuracies, and whether what moved is finite
    *told, largest = torch.cat([told_2S.flatten(), _largest(moved_by.values(), job.scope, device).view(1)]).tolist()
    losses, accuracies = told[: len(job.steps)], told[len(job.steps) :]
    for index, value in enumerate(losses):
        if not math.isfinite(value):
            raise _non_finite(model, job.steps[index], index, f"the loss became {value}")
    if not math.isfinite(largest):
        raise _non_finite(model, job.steps[-1], len(job.steps) - 1, f"a weight became {largest}, at the latest")
    return Trained(losses=losses, accuracies=accuracies, samples=meter.samples)


def load_of_train(job: Train) -> Load:
    return Load((job.stream,), tuple(job.steps[0].paths[0].architecture), backward=True)


def _largest(groups: Iterable[Group], scope: TrainScope, device: torch.device) -> torch.Tensor:
    """largest absolute value of the parameters that moved, on the device; NaN or infinite where one of them is"""
    parameters: list[torch.Tensor] = [parameter for group in groups for parameter in trainable(group, scope)]
    if not parameters:
        return torch.zeros((), device=device)
    with torch.no_grad():
        return torch.stack(torch_private.norm(parameters, math.inf)).amax().float()


def merged(step: TrainStep) -> dict[Architecture, float]:
    """Path to weight, in the order named: a path named twice is computed once, with the sum of its weights."""
    weights: dict[Architecture, float] = {}
    for path in step.paths:
        architecture = tuple(path.architecture)
        weights[architecture] = weights.get(architecture, 0.0) + path.weight
    return weights


def backward(
    model: Model,
    stream: str,
    batch: int,
    weights: dict[Architecture, float],
    x_NCHW: torch.Tensor,
    y_N: torch.Tensor,
    active_K: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Leaves sum_k weight_k grad loss_k in the parameters' .grad. Returns the loss sum_k weight_k loss_k and the accuracy
    sum_k weight_k accuracy_k / sum_k weight_k, both on the device. A path at a time, so memory holds one path.
    """
    task, scaler = model.task, model.optimizer.scaler
    total = sum(weights.values())
    loss_sum = accuracy_sum = None
    for index, (architecture, weight) in enumerate(weights.items()):
        with model.compute.autocast():
            outputs = model.supernet(x_NCHW, architecture, model.dropout(stream, batch, index))
        outputs = task.masked(outputs, active_K)
        loss = task.training_loss(outputs, y_N, active_K)
        if weight != 1.0:
            loss = loss * weight
        # a path of skips alone has nothing to train under the scopes of batch norm
        if loss.requires_grad:
            (loss if scaler is None else loss * scaler.scale).backward()
        share = weight / total if total > 0.0 else 1.0 / len(weights)
        correct = task.accuracy(outputs, y_N)
        correct = correct if share == 1.0 else correct * share
        loss_sum = loss.detach() if loss_sum is None else loss_sum + loss.detach()
        accuracy_sum = correct if accuracy_sum is None else accuracy_sum + correct
    assert loss_sum is not None and accuracy_sum is not None
    return loss_sum, accuracy_sum


def _non_finite(model: Model, step: TrainStep, index: int, what: str) -> JobFailed:
    paths = " and ".join(model.name(tuple(path.architecture)) for path in step.paths[:3])
    more = f" and {len(step.paths) - 3} more" if len(step.paths) > 3 else ""
    at = f"step {index + 1} (path {paths}{more}, learning rate {step.learning_rate:g}, batch {step.batch})"
    return JobFailed(
        FailureCode.non_finite,
        f"{what} at {at}",
        "lower the learning rate, warm it up, or set optimizer.clipValue; then go on from the last checkpoint",
        index,
    )
