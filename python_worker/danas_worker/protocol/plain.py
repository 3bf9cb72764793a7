"""A space of words.py as the JSON of src/domain/space.ts: what blocks.py builds from and what an export writes down."""

from __future__ import annotations

from typing import Any

from .words import Architecture, Block, Conv, MbConv, Op, Space


def describe_op(op: Op) -> dict[str, Any]:
    if isinstance(op, MbConv):
        return {
            "kind": "mbconv",
            "kernel": op.kernel,
            "hidden": op.hidden,
            "squeeze": op.squeeze,
            "activation": op.activation,
            "gate": op.gate,
        }
    if isinstance(op, Conv):
        return {"kind": "conv", "kernel": op.kernel, "activation": op.activation}
    return {"kind": "skip"}


def describe_block(block: Block) -> dict[str, Any]:
    return {
        "op": describe_op(block.op),
        "inChannels": block.in_channels,
        "outChannels": block.out_channels,
        "stride": block.stride,
        "height": block.height,
        "width": block.width,
    }


def describe_head(space: Space) -> dict[str, Any]:
    head = space.head
    return {
        "blocks": [describe_block(block) for block in head.blocks],
        "hidden": head.hidden,
        "hiddenActivation": head.hidden_activation,
        "dropout": head.dropout,
    }


def describe_space(space: Space) -> dict[str, Any]:
    return {
        "name": space.name,
        "input": {"channels": space.input.channels, "height": space.input.height, "width": space.input.width},
        "classes": space.classes,
        "stem": [describe_block(block) for block in space.stem],
        "slots": [
            {
                "name": slot.name,
                "stage": slot.stage,
                "candidates": [{"name": c.name, "block": describe_block(c.block)} for c in slot.candidates],
            }
            for slot in space.slots
        ],
        "head": describe_head(space),
    }


def blocks_of(space: Space, architecture: Architecture) -> list[Block]:
    """stem, chosen candidates, head: the blocks of one network in order"""
    chosen = [slot.candidates[choice].block for slot, choice in zip(space.slots, architecture, strict=True)]
    return [*space.stem, *chosen, *space.head.blocks]
