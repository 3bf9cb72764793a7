"""A small world for the tests: data that needs no disk, spaces of a few blocks, jobs with sensible fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from danas_worker.jobs.executor import Executor
from danas_worker.protocol.messages import (
    Architecture,
    Block,
    Candidate,
    Candidates,
    Checkpoint,
    Classification,
    ComputeSpec,
    Conv,
    DataInfo,
    DataSpec,
    Evaluate,
    Gates,
    GateStep,
    Head,
    InputShape,
    Kept,
    MbConv,
    OptimizerSpec,
    Prepare,
    Recalibrate,
    Restrict,
    Score,
    Skip,
    Slot,
    Space,
    StreamSpec,
    Synthetic,
    Train,
    TrainStep,
    WeightedPath,
)
from danas_worker.seeds import draw_seed

SHAPE = InputShape(channels=3, height=12, width=12)


@dataclass(frozen=True)
class FakeStream:
    """class templates plus noise; batch b is a function of (seed, name, b)"""

    spec: StreamSpec
    info: DataInfo
    device: torch.device
    images: int

    @property
    def labels(self) -> list[int]:
        known = list(self.info.classes)
        return [known.index(name) for name in self.spec.classes or known]

    @property
    def active_K(self) -> Tensor | None:
        if not self.spec.classes:
            return None
        active_K = torch.zeros(len(self.info.classes), dtype=torch.bool, device=self.device)
        active_K[self.labels] = True
        return active_K

    @property
    def batches_per_pass(self) -> int:
        return -(-self.images // self.spec.batch_size)

    def batch(self, b: int) -> tuple[Tensor, Tensor]:
        shape = self.info.input
        count = min(self.spec.batch_size, self.images - b % self.batches_per_pass * self.spec.batch_size)
        if self.spec.shuffle:
            count = self.spec.batch_size
        generator = torch.Generator().manual_seed(draw_seed(self.spec.seed, self.spec.name, b))
        y_N = torch.tensor(self.labels)[torch.randint(len(self.labels), (count,), generator=generator)]
        size = (len(self.info.classes), shape.channels, shape.height, shape.width)
        templates = torch.randn(size, generator=torch.Generator().manual_seed(7))
        x_NCHW = templates[y_N] + 0.5 * torch.randn(count, *size[1:], generator=generator)
        return x_NCHW.to(self.device), y_N.to(self.device)


@dataclass(frozen=True)
class FakeData:
    spec: DataSpec
    images: int = 20

    @property
    def info(self) -> DataInfo:
        names = tuple(f"class-{i}" for i in range(self.spec.classes))
        return DataInfo(classes=names, input=self.spec.input, fingerprint="fake")

    def stream(self, spec: StreamSpec, device: torch.device, channels_last: bool) -> FakeStream:
        return FakeStream(spec, self.info, device, self.images)


def open_fake(spec: DataSpec, allow_modules: frozenset[str]) -> FakeData:
    return FakeData(spec)


def but(message: Any, **fields: Any) -> Any:
    """a copy with these fields in place of its own"""
    made = type(message)()
    made.CopyFrom(message)
    for name in fields:
        made.ClearField(name)
    made.MergeFrom(type(message)(**fields))
    return made


def shape(channels: int, height: int, width: int) -> InputShape:
    return InputShape(channels=channels, height=height, width=width)


Op = MbConv | Conv | Skip


def mbconv(kernel: int, hidden: int, squeeze: int = 0, activation: str = "relu6") -> MbConv:
    gate = "hsigmoid" if activation == "hswish" else "sigmoid"
    return MbConv(kernel=kernel, hidden=hidden, squeeze=squeeze, activation=activation, gate=gate)


def block(op: Op, inp: int, out: int, stride: int, height: int, width: int) -> Block:
    named: dict[str, Any] = {type(op).__name__.lower(): op}
    return Block(in_channels=inp, out_channels=out, stride=stride, height=height, width=width, **named)


def small_space(
    classes: int = 4, shape: InputShape = SHAPE, dropout: float = 0.0, hidden: int = 0, activation: str = "relu6"
) -> Space:
    """stem 8 (stride 2), three slots: 8 -> 8 with a skip, 8 -> 12 (stride 2), 12 -> 12 with a skip; head 16"""
    h, w = -(-shape.height // 2), -(-shape.width // 2)
    h2, w2 = -(-h // 2), -(-w // 2)

    def slot(name: str, ops: dict[str, Op], inp: int, out: int, stride: int, h: int, w: int) -> Slot:
        blocks = [Candidate(name=n, block=block(op, inp, out, stride, h, w)) for n, op in ops.items()]
        return Slot(name=name, stage=1, candidates=blocks)

    return Space(
        name="small",
        input=shape,
        classes=classes,
        stem=[block(Conv(kernel=3, activation=activation), shape.channels, 8, 2, *(shape.height, shape.width))],
        slots=[
            slot(
                "1.1",
                {
                    "k3e3": mbconv(3, 24, 0, activation),
                    "k5e2se": mbconv(5, 16, 4, "hswish"),
                    "skip": Skip(),
                    "k3e1": mbconv(3, 8, 0, activation),
                },
                *(8, 8, 1, h, w),
            ),
            slot(
                "2.1", {"k3e3": mbconv(3, 24, 0, activation), "c3": Conv(kernel=3, activation="silu")}, 8, 12, 2, h, w
            ),
            slot(
                "2.2",
                {"k3e2": mbconv(3, 24, 0, activation), "skip": Skip(), "k5e3": mbconv(5, 36, 0, activation)},
                *(12, 12, 1, h2, w2),
            ),
        ],
        head=Head(
            blocks=[block(Conv(kernel=1, activation=activation), 12, 16, 1, h2, w2)],
            hidden=hidden,
            hidden_activation="relu",
            dropout=dropout,
        ),
    )


def stream(name: str = "train", batch_size: int = 8, **fields: Any) -> StreamSpec:
    spec: dict[str, Any] = {"split": "train", "shuffle": True, "seed": 3} | fields
    return StreamSpec(name=name, batch_size=batch_size, **spec)


def optimizer(**fields: Any) -> OptimizerSpec:
    spec: dict[str, Any] = {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-2} | fields
    return OptimizerSpec(**spec)


def compute(**fields: Any) -> ComputeSpec:
    spec: dict[str, Any] = {"device": "cpu", "threads": 1} | fields
    return ComputeSpec(**spec)


def architectures(paths: Iterable[Sequence[int]]) -> list[Architecture]:
    return [Architecture(list=path) for path in paths]


def per_slot(rows: Iterable[Sequence[int]]) -> list[Candidates]:
    return [Candidates(list=row) for row in rows]


def prepare(
    space: Space | None = None, checks: Iterable[Sequence[int]] = (), label_smoothing: float = 0.1, **fields: Any
) -> Prepare:
    space = space or small_space()
    synthetic = Synthetic(per_class=1, noise=1.0)
    spec: dict[str, Any] = {
        "space_hash": "hash",
        "data": DataSpec(
            synthetic=synthetic,
            input=space.input,
            classes=space.classes,
            valid_fraction=0.1,
            test_fraction=0.1,
            split_seed=1,
        ),
        "streams": [
            stream(),
            stream("valid", split="valid"),
            stream("pass", split="valid", shuffle=False),
            stream("two", classes=("class-0", "class-2")),
        ],
        "optimizer": optimizer(),
        "classification": Classification(label_smoothing=label_smoothing),
        "compute": compute(),
        "seed": 1,
    } | fields
    return Prepare(space=space, checks=architectures(checks), **spec)


def train_step(*paths: tuple[Sequence[int], float], rate: float = 0.05, batch: int = 0) -> TrainStep:
    """each path with its weight"""
    weighted = [WeightedPath(architecture=path, weight=weight) for path, weight in paths]
    return TrainStep(paths=weighted, learning_rate=rate, batch=batch)


def train(
    paths: list[tuple[int, ...]], scope: str = "all", rate: float = 0.05, first: int = 0, name: str = "train"
) -> Train:
    """one step a path, batches counted from `first`"""
    steps = [train_step((path, 1.0), rate=rate, batch=first + i) for i, path in enumerate(paths)]
    return Train(stream=name, scope=scope, steps=steps)


def gate_step(path: Sequence[int], others: Iterable[Sequence[int]], batch: int = 0) -> GateStep:
    return GateStep(architecture=path, alternatives=per_slot(others), batch=batch)


def gates(name: str, *steps: GateStep) -> Gates:
    return Gates(stream=name, steps=steps)


def score(name: str, paths: Iterable[Sequence[int]], batches: Sequence[int]) -> Score:
    return Score(stream=name, architectures=architectures(paths), batches=batches)


def evaluate(
    paths: list[tuple[int, ...]], batches: int = 0, recalibrate: int = 0, name: str = "pass", source: str = "train"
) -> Evaluate:
    again = Recalibrate(stream=source, batches=recalibrate)
    return Evaluate(stream=name, architectures=architectures(paths), batches=batches, recalibrate=again)


def restrict(alive: Iterable[Sequence[int]]) -> Restrict:
    return Restrict(alive=per_slot(alive))


def checkpoint(path: str, kept: Sequence[str] | None = None) -> Checkpoint:
    return Checkpoint(path=path) if kept is None else Checkpoint(path=path, kept=Kept(paths=kept))


def executor(folder: Path, job: Prepare | None = None, on_progress: Callable[..., None] | None = None) -> Executor:
    """with the model prepared"""
    made = Executor(folder, frozenset(), on_progress, open_fake)
    made.execute(job or prepare())
    return made


def snapshot(worker: Executor) -> dict[str, Tensor]:
    """every weight, statistic and momentum, by name, copied"""
    assert worker.model is not None
    model = worker.model
    names = {id(p): name for name, p in model.supernet.named_parameters()}
    state = {name: t.clone() for name, t in model.supernet.state_dict().items()}
    for group in model.groups.all():
        state |= {f"momentum {name}": m.clone() for name, m in group.named(names)}
    return state


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """names whose tensor moved by even one bit; a momentum that appeared counts where it is not zero"""
    names = set(before) | set(after)
    zero = torch.zeros(())
    return {n for n in names if not torch.equal(before.get(n, zero * after.get(n, zero)), after.get(n, zero))}
