"""The words of src/domain, in Python: what a job says and what a signal tells.

Every class checks itself in ``__post_init__`` and raises ``ValueError`` with a way out, so that nothing absurd that
came over the wire gets further than this file. Field meanings and units are those of
src/domain/{space,data,job,signal}.ts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

Architecture = tuple[int, ...]
"""the candidate's index in each slot"""

Alive = tuple[tuple[int, ...], ...]
"""per slot, indices of candidates not yet cut, ascending"""

ACTIVATIONS = ("relu", "relu6", "hswish", "silu", "none")
GATES = ("sigmoid", "hsigmoid")
SPLITS = ("train", "valid", "test", "full")
PRECISIONS = ("float32", "bfloat16", "float16")
SCOPES = ("all", "last-bn", "all-bn")

MAX_CHANNELS = 65_536
MAX_PIXELS = 16_384
MAX_CLASSES = 1_000_000
MAX_STEPS = 100_000
MAX_BLOCKS = 10_000
"""of a space, candidates counted in: more than any has, few enough to be built in a minute"""


class JobFailed(Exception):
    """
    A job that cannot be done: becomes a Failure on the wire. ``code`` is a FailureCode of src/domain/signal.ts;
    ``step``, of "non-finite" in a train job, the first step, from 0, whose loss was not finite.
    """

    def __init__(self, code: str, message: str, hint: str = "", step: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.step = step


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _in_range(name: str, value: float, low: float, high: float) -> None:
    # written so that NaN fails
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


# ---- space ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MbConv:
    kernel: int
    hidden: int
    squeeze: int
    activation: str
    gate: str

    def __post_init__(self) -> None:
        _in_range("mbconv.kernel", self.kernel, 1, 31)
        _check(self.kernel % 2 == 1, f"mbconv.kernel must be odd, not {self.kernel}")
        _in_range("mbconv.hidden", self.hidden, 1, MAX_CHANNELS)
        _in_range("mbconv.squeeze", self.squeeze, 0, MAX_CHANNELS)
        _one_of("mbconv.activation", self.activation, ACTIVATIONS)
        _one_of("mbconv.gate", self.gate, GATES)


@dataclass(frozen=True)
class Conv:
    kernel: int
    activation: str

    def __post_init__(self) -> None:
        _in_range("conv.kernel", self.kernel, 1, 31)
        _check(self.kernel % 2 == 1, f"conv.kernel must be odd, not {self.kernel}")
        _one_of("conv.activation", self.activation, ACTIVATIONS)


@dataclass(frozen=True)
class Skip:
    pass


Op = MbConv | Conv | Skip


@dataclass(frozen=True)
class Block:
    op: Op
    in_channels: int
    out_channels: int
    stride: int
    height: int
    width: int

    def __post_init__(self) -> None:
        _in_range("block.in_channels", self.in_channels, 1, MAX_CHANNELS)
        _in_range("block.out_channels", self.out_channels, 1, MAX_CHANNELS)
        _in_range("block.stride", self.stride, 1, 8)
        _in_range("block.height", self.height, 1, MAX_PIXELS)
        _in_range("block.width", self.width, 1, MAX_PIXELS)
        if isinstance(self.op, Skip):
            fits = self.stride == 1 and self.in_channels == self.out_channels
            _check(fits, "a skip needs stride 1 and equal widths")


@dataclass(frozen=True)
class Candidate:
    name: str
    block: Block


@dataclass(frozen=True)
class Slot:
    name: str
    stage: int
    candidates: tuple[Candidate, ...]

    def __post_init__(self) -> None:
        _check(len(self.candidates) > 0, f"slot {self.name} has no candidate")
        shapes = {(c.block.in_channels, c.block.out_channels, c.block.stride) for c in self.candidates}
        _check(len(shapes) == 1, f"the candidates of slot {self.name} differ in widths or stride")


@dataclass(frozen=True)
class Head:
    blocks: tuple[Block, ...]
    hidden: int
    hidden_activation: str
    dropout: float

    def __post_init__(self) -> None:
        _in_range("head.hidden", self.hidden, 0, MAX_CHANNELS)
        _one_of("head.hidden_activation", self.hidden_activation, ACTIVATIONS)
        _in_range("head.dropout", self.dropout, 0.0, 0.99)


@dataclass(frozen=True)
class InputShape:
    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        _in_range("input.channels", self.channels, 1, MAX_CHANNELS)
        _in_range("input.height", self.height, 1, MAX_PIXELS)
        _in_range("input.width", self.width, 1, MAX_PIXELS)


@dataclass(frozen=True)
class Space:
    name: str
    input: InputShape
    classes: int
    stem: tuple[Block, ...]
    slots: tuple[Slot, ...]
    head: Head

    def __post_init__(self) -> None:
        _in_range("space.classes", self.classes, 1, MAX_CLASSES)
        _check(len(self.stem) > 0, "the space has no stem")
        blocks = len(self.stem) + len(self.head.blocks) + sum(len(slot.candidates) for slot in self.slots)
        _in_range("the number of blocks", blocks, 1, MAX_BLOCKS)
        width = self.input.channels
        chain: list[tuple[str, Block]] = [(f"stem block {i + 1}", b) for i, b in enumerate(self.stem)]
        chain += [(f"slot {s.name}", s.candidates[0].block) for s in self.slots]
        chain += [(f"head block {i + 1}", b) for i, b in enumerate(self.head.blocks)]
        for where, block in chain:
            _check(block.in_channels == width, f"{where} expects {block.in_channels} channels but is given {width}")
            width = block.out_channels

    @property
    def features(self) -> int:
        """channels that reach the pooling"""
        if self.head.blocks:
            return self.head.blocks[-1].out_channels
        last = self.slots[-1].candidates[0].block if self.slots else self.stem[-1]
        return last.out_channels

    def check_architecture(self, architecture: Architecture) -> None:
        """Raises ValueError where the architecture does not fit the space."""
        _check(
            len(architecture) == len(self.slots),
            f"an architecture of this space has {len(self.slots)} choices, not {len(architecture)}",
        )
        for slot, choice in zip(self.slots, architecture, strict=True):
            _in_range(f"choice of slot {slot.name}", choice, 0, len(slot.candidates) - 1)


# ---- data -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FashionMnist:
    root: str


@dataclass(frozen=True)
class Folder:
    root: str


@dataclass(frozen=True)
class Synthetic:
    per_class: int
    noise: float

    def __post_init__(self) -> None:
        _in_range("synthetic.per_class", self.per_class, 1, 100_000)
        _in_range("synthetic.noise", self.noise, 0.0, 100.0)


@dataclass(frozen=True)
class PythonFactory:
    factory: str
    options: dict[str, Any] = field(default_factory=dict)


DataSource = FashionMnist | Folder | Synthetic | PythonFactory


@dataclass(frozen=True)
class DataSpec:
    source: DataSource
    input: InputShape
    classes: int
    valid_fraction: float
    test_fraction: float
    split_seed: int
    on_device: str

    def __post_init__(self) -> None:
        _in_range("data.classes", self.classes, 1, MAX_CLASSES)
        _in_range("data.valid_fraction", self.valid_fraction, 0.0, 0.9)
        _in_range("data.test_fraction", self.test_fraction, 0.0, 0.9)
        _one_of("data.on_device", self.on_device, ("auto", "always", "never"))


@dataclass(frozen=True)
class Augment:
    pad: int
    flip: bool
    cutout: int
    min_area: float

    def __post_init__(self) -> None:
        _in_range("augment.pad", self.pad, 0, 1024)
        _in_range("augment.cutout", self.cutout, 0, MAX_PIXELS)
        _in_range("augment.min_area", self.min_area, 0.01, 1.0)


@dataclass(frozen=True)
class StreamSpec:
    name: str
    split: str
    classes: tuple[str, ...]
    batch_size: int
    shuffle: bool
    seed: int
    augment: Augment | None

    def __post_init__(self) -> None:
        _check(self.name != "", "a stream needs a name")
        _one_of("stream.split", self.split, SPLITS)
        _in_range("stream.batch_size", self.batch_size, 1, 1_000_000)


@dataclass(frozen=True)
class SplitInfo:
    split: str
    counts: tuple[int, ...]
    hash: str


@dataclass(frozen=True)
class DataInfo:
    classes: tuple[str, ...]
    input: InputShape
    splits: tuple[SplitInfo, ...]
    fingerprint: str


# ---- jobs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OptimizerSpec:
    momentum: float
    nesterov: bool
    weight_decay: float
    decay_norm: bool
    clip_value: float | None

    def __post_init__(self) -> None:
        _in_range("optimizer.momentum", self.momentum, 0.0, 1.0)
        _in_range("optimizer.weight_decay", self.weight_decay, 0.0, 10.0)
        if self.clip_value is not None:
            _in_range("optimizer.clip_value", self.clip_value, 1e-12, 1e12)


@dataclass(frozen=True)
class ComputeSpec:
    device: str
    precision: str
    channels_last: bool
    compile: bool
    threads: int

    def __post_init__(self) -> None:
        _one_of("compute.device", self.device, ("auto", "cpu", "cuda"))
        _one_of("compute.precision", self.precision, PRECISIONS)
        _in_range("compute.threads", self.threads, 0, 4096)


@dataclass(frozen=True)
class Inspect:
    data: DataSpec


@dataclass(frozen=True)
class Prepare:
    space: Space
    space_hash: str
    data: DataSpec
    streams: tuple[StreamSpec, ...]
    optimizer: OptimizerSpec
    label_smoothing: float
    compute: ComputeSpec
    seed: int
    checks: tuple[Architecture, ...]

    def __post_init__(self) -> None:
        _in_range("label_smoothing", self.label_smoothing, 0.0, 0.99)
        _check(self.space.classes == self.data.classes, "the space and the data differ in their number of classes")
        _check(self.space.input == self.data.input, "the space and the data differ in the input's shape")
        names = [stream.name for stream in self.streams]
        _check(len(set(names)) == len(names), "two streams have the same name")
        for architecture in self.checks:
            self.space.check_architecture(architecture)


@dataclass(frozen=True)
class WeightedPath:
    architecture: Architecture
    weight: float

    def __post_init__(self) -> None:
        _check(math.isfinite(self.weight), "a path's weight must be finite")


@dataclass(frozen=True)
class TrainStep:
    paths: tuple[WeightedPath, ...]
    learning_rate: float
    batch: int

    def __post_init__(self) -> None:
        _check(len(self.paths) > 0, "a train step needs a path")
        _in_range("learning_rate", self.learning_rate, 0.0, 1e6)


@dataclass(frozen=True)
class Train:
    stream: str
    scope: str
    steps: tuple[TrainStep, ...]

    def __post_init__(self) -> None:
        _one_of("train.scope", self.scope, SCOPES)
        _in_range("the number of steps", len(self.steps), 1, MAX_STEPS)


@dataclass(frozen=True)
class GateStep:
    architecture: Architecture
    alternatives: tuple[tuple[int, ...], ...]
    batch: int


@dataclass(frozen=True)
class Gates:
    stream: str
    steps: tuple[GateStep, ...]

    def __post_init__(self) -> None:
        _in_range("the number of steps", len(self.steps), 1, MAX_STEPS)


@dataclass(frozen=True)
class Score:
    stream: str
    architectures: tuple[Architecture, ...]
    batches: tuple[int, ...]

    def __post_init__(self) -> None:
        _in_range("the number of score.batches", len(self.batches), 0, MAX_STEPS)


@dataclass(frozen=True)
class Evaluate:
    stream: str
    architectures: tuple[Architecture, ...]
    batches: int
    recalibrate_stream: str
    recalibrate_batches: int

    def __post_init__(self) -> None:
        _in_range("evaluate.batches", self.batches, 0, MAX_STEPS)
        _in_range("evaluate.recalibrate.batches", self.recalibrate_batches, 0, MAX_STEPS)


@dataclass(frozen=True)
class BnScales:
    pass


@dataclass(frozen=True)
class Restrict:
    alive: Alive


@dataclass(frozen=True)
class Export:
    architecture: Architecture
    folder: str


@dataclass(frozen=True)
class Checkpoint:
    path: str
    kept: tuple[str, ...] | None = None
    """once it is whole, every other file of its folder is removed but these; None = nothing is"""


@dataclass(frozen=True)
class Restore:
    path: str
    sha256: str


Job = Inspect | Prepare | Train | Gates | Score | Evaluate | BnScales | Restrict | Export | Checkpoint | Restore


# ---- signals --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inspected:
    data: DataInfo


@dataclass(frozen=True)
class Prepared:
    device: str
    macs: tuple[int, ...]
    params: tuple[int, ...]


@dataclass(frozen=True)
class Trained:
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    samples: int


@dataclass(frozen=True)
class GateSignal:
    loss: float
    accuracy: float
    gradients: tuple[tuple[float, ...], ...]
    """[slot]: the active candidate's dL/dgate, then its alternatives' in the order asked"""


@dataclass(frozen=True)
class GatesRead:
    steps: tuple[GateSignal, ...]


@dataclass(frozen=True)
class Scored:
    log_likelihoods: tuple[tuple[float, ...], ...]
    """[architecture][batch]"""
    samples: tuple[int, ...]


@dataclass(frozen=True)
class Evaluation:
    loss: float
    accuracy: float
    per_class: tuple[float | None, ...]
    samples: int


@dataclass(frozen=True)
class Evaluated:
    results: tuple[Evaluation, ...]


@dataclass(frozen=True)
class BnScalesRead:
    scales: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Restricted:
    bytes_freed: int
    parameters_left: int


@dataclass(frozen=True)
class ExportedFile:
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Exported:
    files: tuple[ExportedFile, ...]


@dataclass(frozen=True)
class Checkpointed:
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Restored:
    pass


Signal = (
    Inspected
    | Prepared
    | Trained
    | GatesRead
    | Scored
    | Evaluated
    | BnScalesRead
    | Restricted
    | Exported
    | Checkpointed
    | Restored
)


@dataclass(frozen=True)
class Timing:
    """milliseconds"""

    total_ms: float
    data_ms: float
    compute_ms: float
    wait_ms: float


FailureCode = Literal[
    "invalid-job", "data", "cost-mismatch", "non-finite", "out-of-memory", "io", "unsupported", "internal"
]
