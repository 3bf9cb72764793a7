"""What a space means, beyond what it says."""

from __future__ import annotations

from ..protocol.messages import Block, Space

Architecture = tuple[int, ...]
"""the candidate's index in each slot"""

Alive = tuple[tuple[int, ...], ...]
"""per slot, indices of candidates not yet cut, ascending"""


def blocks_of(space: Space, architecture: Architecture) -> list[Block]:
    """stem, chosen candidates, head: the blocks of one network in order"""
    chosen = [slot.candidates[choice].block for slot, choice in zip(space.slots, architecture, strict=True)]
    return [*space.stem, *chosen, *space.head.blocks]


def features(space: Space) -> int:
    """channels that reach the pooling"""
    return blocks_of(space, (0,) * len(space.slots))[-1].out_channels


def name_of(space: Space, architecture: Architecture) -> list[str]:
    """the chosen candidates by name"""
    return [slot.candidates[choice].name for slot, choice in zip(space.slots, architecture, strict=True)]
