"""
The door: what a message may say that its types cannot. Nothing absurd that came over the wire gets further than this
file; what is refused comes with a way out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from .failure import JobFailed
from .messages import (
    Block,
    Command,
    Conv,
    FailureCode,
    Gates,
    MbConv,
    Prepare,
    PythonFactory,
    Score,
    Slot,
    Space,
    StreamSpec,
    Train,
    TrainStep,
)

MAX_CHANNELS = 65_536
MAX_PIXELS = 16_384
MAX_CLASSES = 1_000_000
MAX_STEPS = 100_000
MAX_BLOCKS = 10_000
"""of a space, candidates counted in: more than any has, few enough to be built in a minute"""

RANGES: dict[str, tuple[float, float]] = {
    "MbConv.kernel": (1, 31),
    "MbConv.hidden": (1, MAX_CHANNELS),
    "MbConv.squeeze": (0, MAX_CHANNELS),
    "Conv.kernel": (1, 31),
    "Block.in_channels": (1, MAX_CHANNELS),
    "Block.out_channels": (1, MAX_CHANNELS),
    "Block.stride": (1, 8),
    "Block.height": (1, MAX_PIXELS),
    "Block.width": (1, MAX_PIXELS),
    "Head.hidden": (0, MAX_CHANNELS),
    "Head.dropout": (0.0, 0.99),
    "InputShape.channels": (1, MAX_CHANNELS),
    "InputShape.height": (1, MAX_PIXELS),
    "InputShape.width": (1, MAX_PIXELS),
    "Space.classes": (1, MAX_CLASSES),
    "Synthetic.per_class": (1, 100_000),
    "Synthetic.noise": (0.0, 100.0),
    "DataSpec.classes": (1, MAX_CLASSES),
    "DataSpec.valid_fraction": (0.0, 0.9),
    "DataSpec.test_fraction": (0.0, 0.9),
    "Augment.pad": (0, 1024),
    "Augment.cutout": (0, MAX_PIXELS),
    "Augment.min_area": (0.01, 1.0),
    "StreamSpec.batch_size": (1, 1_000_000),
    "OptimizerSpec.momentum": (0.0, 1.0),
    "OptimizerSpec.weight_decay": (0.0, 10.0),
    "OptimizerSpec.clip_value": (1e-12, 1e12),
    "ComputeSpec.threads": (0, 4096),
    "Classification.label_smoothing": (0.0, 0.99),
    "TrainStep.learning_rate": (0.0, 1e6),
    "Evaluate.batches": (0, MAX_STEPS),
    "Recalibrate.batches": (0, MAX_STEPS),
}
"""of numbers, both ends allowed; where `optional`, of those that are there. A double without a range must be finite."""

MISSING = {
    "Block.op": "a block has no op",
    "DataSpec.source": "the data has no source",
    "Prepare.task": "the model has no task",
    "Command.job": "the job has no kind",
}


def job_of(command: Command) -> Message:
    """The job of a command, found sound. Raises JobFailed invalid_job where it makes no sense."""
    try:
        _check(command)
        job: Message = getattr(command, command.WhichOneof("job") or "")
        return job
    except (ValueError, OverflowError, RecursionError) as error:
        hint = "the orchestrator sent a job that cannot be done"
        raise JobFailed(FailureCode.invalid_job, str(error), hint) from None


def check_architecture(space: Space, architecture: Sequence[int]) -> None:
    """Raises ValueError where the architecture does not fit the space."""
    _true(
        len(architecture) == len(space.slots),
        f"an architecture of this space has {len(space.slots)} choices, not {len(architecture)}",
    )
    for slot, choice in zip(space.slots, architecture, strict=True):
        _in_range(f"choice of slot {slot.name}", choice, 0, len(slot.candidates) - 1)


# ---- what every message is asked ------------------------------------------------------------------------------------


def _check(message: Message) -> None:
    """Inner messages first: what is said of a whole may take its parts for sound. Raises ValueError."""
    rules = _rules(message.DESCRIPTOR)
    for oneof in rules.oneofs:
        if message.WhichOneof(oneof) is None:
            raise ValueError(f"{MISSING[f'{message.DESCRIPTOR.name}.{oneof}']} that this worker knows")
    for name, must in rules.single:
        if message.HasField(name):
            _check(getattr(message, name))
        else:
            _true(not must, f"{_word(message.DESCRIPTOR.name)} has no {name}")
    for name in rules.repeated:
        for one in getattr(message, name):
            _check(one)
    for name, low, high, optional in rules.numbers:
        value = getattr(message, name)
        # written so that NaN fails
        if not low <= value <= high and (not optional or message.HasField(name)):
            raise ValueError(_out_of_range(message, name, value))
    for name, enum in rules.enums:
        if getattr(message, name) not in enum.values_by_number:
            known = ", ".join(enum.values_by_name)
            label = f"{_word(message.DESCRIPTOR.name)}.{name}"
            raise ValueError(f"{label} must be one of {known}, not {getattr(message, name)}")
    if rules.own is not None:
        rules.own(message)


@dataclass(frozen=True)
class _Rules:
    oneofs: tuple[str, ...]
    single: tuple[tuple[str, bool], ...]
    """messages, and whether they must be there"""
    repeated: tuple[str, ...]
    numbers: tuple[tuple[str, float, float, bool], ...]
    enums: tuple[tuple[str, Any], ...]
    own: Callable[[Any], None] | None


@cache
def _rules(descriptor: Any) -> _Rules:
    """made once for each kind of message: a train job has many steps"""
    fields: list[Any] = list(descriptor.fields)
    inner = [field for field in fields if field.message_type is not None]
    return _Rules(
        tuple(oneof.name for oneof in descriptor.oneofs if not oneof.name.startswith("_")),
        tuple((field.name, field.containing_oneof is None) for field in inner if not field.is_repeated),
        tuple(field.name for field in inner if field.is_repeated),
        tuple(_numbers(fields)),
        tuple((field.name, field.enum_type) for field in fields if field.enum_type is not None),
        OWN.get(descriptor.name),
    )


def _numbers(fields: list[Any]) -> Iterator[tuple[str, float, float, bool]]:
    largest = math.nextafter(math.inf, 0)
    for field in fields:
        bounds = RANGES.get(f"{field.containing_type.name}.{field.name}")
        if bounds is None and field.type == FieldDescriptor.TYPE_DOUBLE:
            bounds = (-largest, largest)
        if bounds is not None:
            yield field.name, *bounds, field.has_presence


def _out_of_range(message: Message, name: str, value: float) -> str:
    kind = message.DESCRIPTOR.name
    if (bounds := RANGES.get(f"{kind}.{name}")) is None:
        return f"a {_word(kind)}'s {name} must be finite"
    label = name if name in ("learning_rate", "label_smoothing") else f"{_word(kind)}.{name}"
    return f"{label} must be between {bounds[0]} and {bounds[1]}, not {value}"


def _word(kind: str) -> str:
    """what a message is called in sentences"""
    names = {"InputShape": "input", "Recalibrate": "evaluate.recalibrate", "WeightedPath": "path"}
    return names.get(kind) or kind.removesuffix("Spec").lower()


def _true(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")


# ---- what single messages are asked ---------------------------------------------------------------------------------


def _odd_kernel(op: MbConv | Conv) -> None:
    _true(op.kernel % 2 == 1, f"{_word(op.DESCRIPTOR.name)}.kernel must be odd, not {op.kernel}")


def _block(block: Block) -> None:
    if block.HasField("skip"):
        fits = block.stride == 1 and block.in_channels == block.out_channels
        _true(fits, "a skip needs stride 1 and equal widths")


def _slot(slot: Slot) -> None:
    _true(len(slot.candidates) > 0, f"slot {slot.name} has no candidate")
    shapes = {(c.block.in_channels, c.block.out_channels, c.block.stride) for c in slot.candidates}
    _true(len(shapes) == 1, f"the candidates of slot {slot.name} differ in widths or stride")


def _space(space: Space) -> None:
    _true(len(space.stem) > 0, "the space has no stem")
    blocks = len(space.stem) + len(space.head.blocks) + sum(len(slot.candidates) for slot in space.slots)
    _in_range("the number of blocks", blocks, 1, MAX_BLOCKS)
    width = space.input.channels
    chain = [(f"stem block {i + 1}", b) for i, b in enumerate(space.stem)]
    chain += [(f"slot {s.name}", s.candidates[0].block) for s in space.slots]
    chain += [(f"head block {i + 1}", b) for i, b in enumerate(space.head.blocks)]
    for where, block in chain:
        _true(block.in_channels == width, f"{where} expects {block.in_channels} channels but is given {width}")
        width = block.out_channels


def _factory(source: PythonFactory) -> None:
    _true(isinstance(json.loads(source.options_json or "{}"), dict), "the data factory's options are not an object")


def _stream(stream: StreamSpec) -> None:
    _true(stream.name != "", "a stream needs a name")


def _prepare(job: Prepare) -> None:
    _true(job.space.classes == job.data.classes, "the space and the data differ in their number of classes")
    _true(job.space.input == job.data.input, "the space and the data differ in the input's shape")
    names = [stream.name for stream in job.streams]
    _true(len(set(names)) == len(names), "two streams have the same name")
    for architecture in job.checks:
        check_architecture(job.space, architecture.list)


def _train_step(step: TrainStep) -> None:
    _true(len(step.paths) > 0, "a train step needs a path")


def _steps(job: Train | Gates) -> None:
    _in_range("the number of steps", len(job.steps), 1, MAX_STEPS)


def _score(job: Score) -> None:
    _in_range("the number of score.batches", len(job.batches), 0, MAX_STEPS)


OWN: dict[str, Callable[[Any], None]] = {
    "MbConv": _odd_kernel,
    "Conv": _odd_kernel,
    "Block": _block,
    "Slot": _slot,
    "Space": _space,
    "PythonFactory": _factory,
    "StreamSpec": _stream,
    "Prepare": _prepare,
    "TrainStep": _train_step,
    "Train": _steps,
    "Gates": _steps,
    "Score": _score,
}
