"""The supernet: every candidate of every slot, of which one path at a time is computed.

Slots keep their candidates by index, so an architecture means the same after candidates are cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ..protocol.checks import check_architecture
from ..protocol.messages import Block, Space
from ..protocol.plain import plain
from ..tasks.task import Task
from .blocks import BatchNorm, Statistics, build_block, last_norm
from .first_weights import initialise
from .space import Alive, Architecture

Layers = Sequence[nn.Module]


class Supernet(nn.Module):
    """Weights are on the CPU until `.to(device)`. Build through `build`, which also draws them."""

    def __init__(self, space: Space, task: Task) -> None:
        super().__init__()
        self.space = space
        self.statistics = Statistics()
        self.alive: Alive = tuple(tuple(range(len(slot.candidates))) for slot in space.slots)

        def built(block: Block) -> nn.Module:
            return build_block(plain(block), self.statistics)

        self.stem = nn.ModuleList([built(block) for block in space.stem])
        self.slots = nn.ModuleList(
            [nn.ModuleDict({str(i): built(c.block) for i, c in enumerate(slot.candidates)}) for slot in space.slots]
        )
        self.head = nn.ModuleList([built(block) for block in space.head.blocks])
        self.classifier = task.head(space)

    def candidate(self, slot: int, choice: int) -> nn.Module:
        candidates: nn.ModuleDict = self.slots[slot]  # type: ignore[assignment]
        return candidates[str(choice)]

    def path(self, architecture: Architecture) -> list[nn.Module]:
        """the blocks of one network, without the classifier"""
        chosen = [self.candidate(slot, choice) for slot, choice in enumerate(architecture)]
        return [*self.stem, *chosen, *self.head]

    def forward(self, x_NCHW: Tensor, architecture: Architecture, dropout: torch.Generator | None = None) -> Tensor:
        """logits_NK of one path, at least float32; drops only where it is given a generator."""
        for block in self.path(architecture):
            x_NCHW = block(x_NCHW)
        return self.classify(x_NCHW, dropout)

    def classify(self, x_NCHW: Tensor, dropout: torch.Generator | None = None) -> Tensor:
        """logits_NK of what the last block gave; lifted to float32 where autocast made them shorter"""
        logits_NK: Tensor = self.classifier(x_NCHW, dropout)
        return logits_NK if logits_NK.dtype.itemsize >= 4 else logits_NK.float()

    def check(self, architecture: Architecture) -> None:
        """Raises ValueError where the architecture does not fit or names a candidate that was cut."""
        # of every path of every step: the space is asked only for words
        fits = len(architecture) == len(self.alive)
        if fits and all(choice in alive for choice, alive in zip(architecture, self.alive, strict=True)):
            return
        check_architecture(self.space, architecture)
        for slot, choice, alive in zip(self.space.slots, architecture, self.alive, strict=True):
            if choice not in alive:
                raise ValueError(f"candidate {choice} ({slot.candidates[choice].name}) of slot {slot.name} was cut")

    def keep(self, alive: Alive) -> list[nn.Module]:
        """Cuts what is not alive; returns the modules taken out, now held by the caller alone."""
        if len(alive) != len(self.alive):
            raise ValueError(f"the space has {len(self.alive)} slots, not {len(alive)}")
        for slot, before, after in zip(self.space.slots, self.alive, alive, strict=True):
            if not after:
                raise ValueError(f"slot {slot.name} would have no candidate left")
            if list(after) != sorted(set(after)):
                raise ValueError(f"the candidates of slot {slot.name} must be ascending and named once")
            if gone := set(after) - set(before):
                raise ValueError(f"slot {slot.name}: candidates {sorted(gone)} do not exist or were cut before")
        cut: list[nn.Module] = []
        for index, (before, after) in enumerate(zip(self.alive, alive, strict=True)):
            candidates: nn.ModuleDict = self.slots[index]  # type: ignore[assignment]
            cut += [candidates.pop(str(choice)) for choice in before if choice not in after]
        self.alive = tuple(tuple(choices) for choices in alive)
        return cut

    def norms(self, architecture: Architecture) -> list[BatchNorm]:
        """every batch norm of a path, in order"""
        return [part for block in self.path(architecture) for part in block.modules() if isinstance(part, BatchNorm)]

    def last_norms(self) -> Iterator[tuple[int, int, BatchNorm]]:
        """slot, candidate, and the batch norm that scales the candidate's output; not the candidates without one"""
        for slot, choices in enumerate(self.alive):
            for choice in choices:
                if (norm := last_norm(self.candidate(slot, choice))) is not None:
                    yield slot, choice, norm


def build(space: Space, task: Task, seed: int) -> Supernet:
    """A supernet on the CPU with its weights drawn from `seed`."""
    # on "meta" first: torch would draw its own weights only for us to draw them again
    with torch.device("meta"):
        supernet = Supernet(space, task)
    supernet.to_empty(device="cpu")
    for index, block in enumerate(supernet.stem):
        initialise(block, seed, f"stem/{index}")
    for number, (slot, choices) in enumerate(zip(space.slots, supernet.alive, strict=True)):
        for choice in choices:
            # by its name, not its index: the same block of a smaller space draws the same weights
            initialise(supernet.candidate(number, choice), seed, f"slots/{number}/{slot.candidates[choice].name}")
    for index, block in enumerate(supernet.head):
        initialise(block, seed, f"head/{index}")
    initialise(supernet.classifier, seed, "classifier")
    return supernet


def parameter_bytes(space: Space, task: Task) -> int:
    """bytes of the supernet's weights and statistics, without making them"""
    with torch.device("meta"):
        supernet = Supernet(space, task)
    return bytes_of(supernet)


def bytes_of(module: nn.Module) -> int:
    tensors = [*module.parameters(), *module.buffers()]
    return sum(t.numel() * t.element_size() for t in tensors)
