"""Which tensors a path moves: precomputed per block and scope, so that a step only joins short lists.

A *group* is the tensors of one block: a stem or head block, one candidate of one slot, or the classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..network.blocks import BatchNorm, last_norm
from ..network.space import Architecture
from ..network.supernet import Supernet
from ..protocol.messages import TrainScope


@dataclass
class Tensors:
    """parameters with their momentum, in the same order; momentum is made when a block is first trained"""

    parameters: list[nn.Parameter] = field(default_factory=list)
    momentum: list[Tensor] = field(default_factory=list)

    def wake(self) -> None:
        if len(self.momentum) != len(self.parameters):
            # zeros_like keeps the memory format: the fused step walks parameter, gradient and momentum side by side
            self.momentum = [torch.zeros_like(p) for p in self.parameters]


@dataclass
class Group:
    """One block's parameters by kind, for weight decay and the scopes ask for different kinds."""

    weights: Tensors
    """convolution and linear weights"""
    norms: Tensors
    """batch-norm gammas and betas"""
    biases: Tensors
    last: Tensors
    """of `norms`, those of the last batch norm; empty in a fixed block. Shares the momentum tensors of `norms`."""
    awake: bool = False

    @staticmethod
    def of(block: nn.Module, slotted: bool) -> Group:
        weights, norms, biases = Tensors(), Tensors(), Tensors()
        for part in block.modules():
            for name, parameter in part.named_parameters(recurse=False):
                kind = norms if isinstance(part, BatchNorm) else weights if name == "weight" else biases
                kind.parameters.append(parameter)
        last = last_norm(block) if slotted else None
        return Group(weights, norms, biases, Tensors([last.weight, last.bias] if last else []))

    def wake(self) -> None:
        for tensors in (self.weights, self.norms, self.biases):
            tensors.wake()
        if self.last.parameters and not self.last.momentum:
            of = {id(p): m for p, m in zip(self.norms.parameters, self.norms.momentum, strict=True)}
            self.last.momentum = [of[id(p)] for p in self.last.parameters]
        self.awake = True

    def parameters(self) -> list[nn.Parameter]:
        return [*self.weights.parameters, *self.norms.parameters, *self.biases.parameters]

    def named(self, names: dict[int, str]) -> Iterator[tuple[str, Tensor]]:
        """(parameter's name, its momentum)"""
        for tensors in (self.weights, self.norms, self.biases):
            for parameter, momentum in zip(tensors.parameters, tensors.momentum, strict=False):
                yield names[id(parameter)], momentum


@dataclass(frozen=True)
class Moved:
    """what one step moves, in two lists: with weight decay and without"""

    decayed: Tensors
    plain: Tensors


Key = tuple[int, int]
"""slot and candidate"""


class Groups:
    """The groups of a supernet, kept in step with what is alive."""

    def __init__(self, supernet: Supernet) -> None:
        fixed = [*supernet.stem, *supernet.head, supernet.classifier]
        self.fixed = [Group.of(block, slotted=False) for block in fixed]
        self.slots: dict[Key, Group] = {
            (slot, choice): Group.of(supernet.candidate(slot, choice), slotted=True)
            for slot, choices in enumerate(supernet.alive)
            for choice in choices
        }

    def of(self, architectures: Iterable[Architecture]) -> list[Group]:
        """the groups of one path, or of several: a block that two paths share stands in the list once"""
        keys = dict.fromkeys((slot, choice) for path in architectures for slot, choice in enumerate(path))
        return [*self.fixed, *(self.slots[key] for key in keys)]

    def all(self) -> list[Group]:
        return [*self.fixed, *self.slots.values()]

    def drop(self, keys: Iterable[Key]) -> int:
        """forgets cut candidates; returns the bytes of momentum given up"""
        freed = 0
        for key in keys:
            group = self.slots.pop(key)
            for tensors in (group.weights, group.norms, group.biases):
                freed += sum(m.numel() * m.element_size() for m in tensors.momentum)
        return freed


def trainable(group: Group, scope: TrainScope | None) -> list[nn.Parameter]:
    """What may move under `scope`, None = nothing. Raises ValueError for a scope that is none of these."""
    return [parameter for tensors in _parts(scope)(group) for parameter in tensors.parameters]


def moved(groups: list[Group], scope: TrainScope, decay_norm: bool) -> Moved:
    """Joins the groups' lists for one step."""
    decayed, plain = Tensors(), Tensors()
    parts = _parts(scope)
    for group in groups:
        if not group.awake:
            group.wake()
        for tensors in parts(group):
            to = decayed if decay_norm or tensors is group.weights else plain
            to.parameters += tensors.parameters
            to.momentum += tensors.momentum
    return Moved(decayed, plain)


# last_bn, all_bn [C, BN-NAS]: the rest stays at its first draw
PARTS: dict[TrainScope | None, Callable[[Group], tuple[Tensors, ...]]] = {
    None: lambda group: (),
    TrainScope.all: lambda group: (group.weights, group.norms, group.biases),
    TrainScope.last_bn: lambda group: (group.last,),
    TrainScope.all_bn: lambda group: (group.norms,),
}


def _parts(scope: TrainScope | None) -> Callable[[Group], tuple[Tensors, ...]]:
    if scope not in PARTS:
        raise ValueError(f"this worker does not know the scope {scope}")
    return PARTS[scope]
