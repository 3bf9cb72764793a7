"""A small world for the tests: data that needs no disk, spaces of a few blocks, jobs with sensible fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from danas_worker import words
from danas_worker.executor import Executor
from danas_worker.initial import draw_seed

SHAPE = words.InputShape(3, 12, 12)


@dataclass(frozen=True)
class FakeStream:
    """class templates plus noise; batch b is a function of (seed, name, b)"""

    spec: words.StreamSpec
    info: words.DataInfo
    device: torch.device
    images: int

    @property
    def labels(self) -> list[int]:
        names = self.spec.classes or self.info.classes
        return [self.info.classes.index(name) for name in names]

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
    spec: words.DataSpec
    images: int = 20

    @property
    def info(self) -> words.DataInfo:
        names = tuple(f"class-{i}" for i in range(self.spec.classes))
        return words.DataInfo(names, self.spec.input, (), "fake")

    def stream(self, spec: words.StreamSpec, device: torch.device, channels_last: bool) -> FakeStream:
        return FakeStream(spec, self.info, device, self.images)


def open_fake(spec: words.DataSpec, allow_modules: frozenset[str]) -> FakeData:
    return FakeData(spec)


def mbconv(kernel: int, hidden: int, squeeze: int = 0, activation: str = "relu6") -> words.MbConv:
    return words.MbConv(kernel, hidden, squeeze, activation, "hsigmoid" if activation == "hswish" else "sigmoid")


def small_space(
    classes: int = 4, shape: words.InputShape = SHAPE, dropout: float = 0.0, hidden: int = 0, activation: str = "relu6"
) -> words.Space:
    """stem 8 (stride 2), three slots: 8 -> 8 with a skip, 8 -> 12 (stride 2), 12 -> 12 with a skip; head 16"""
    h, w = -(-shape.height // 2), -(-shape.width // 2)
    h2, w2 = -(-h // 2), -(-w // 2)

    def slot(name: str, ops: dict[str, words.Op], inp: int, out: int, stride: int, h: int, w: int) -> words.Slot:
        blocks = [words.Candidate(n, words.Block(op, inp, out, stride, h, w)) for n, op in ops.items()]
        return words.Slot(name, 1, tuple(blocks))

    return words.Space(
        name="small",
        input=shape,
        classes=classes,
        stem=(words.Block(words.Conv(3, activation), shape.channels, 8, 2, *(shape.height, shape.width)),),
        slots=(
            slot(
                "1.1",
                {
                    "k3e3": mbconv(3, 24, 0, activation),
                    "k5e2se": mbconv(5, 16, 4, "hswish"),
                    "skip": words.Skip(),
                    "k3e1": mbconv(3, 8, 0, activation),
                },
                *(8, 8, 1, h, w),
            ),
            slot("2.1", {"k3e3": mbconv(3, 24, 0, activation), "c3": words.Conv(3, "silu")}, 8, 12, 2, h, w),
            slot(
                "2.2",
                {"k3e2": mbconv(3, 24, 0, activation), "skip": words.Skip(), "k5e3": mbconv(5, 36, 0, activation)},
                *(12, 12, 1, h2, w2),
            ),
        ),
        head=words.Head((words.Block(words.Conv(1, activation), 12, 16, 1, h2, w2),), hidden, "relu", dropout),
    )


def stream(name: str = "train", batch_size: int = 8, classes: tuple[str, ...] = (), **fields: Any) -> words.StreamSpec:
    spec: dict[str, Any] = {"split": "train", "shuffle": True, "seed": 3, "augment": None} | fields
    return words.StreamSpec(name=name, classes=classes, batch_size=batch_size, **spec)


def optimizer(**fields: Any) -> words.OptimizerSpec:
    spec: dict[str, Any] = {
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 1e-2,
        "decay_norm": False,
        "clip_value": None,
    } | fields
    return words.OptimizerSpec(**spec)


def compute(**fields: Any) -> words.ComputeSpec:
    spec: dict[str, Any] = {
        "device": "cpu",
        "precision": "float32",
        "channels_last": False,
        "compile": False,
        "threads": 1,
    } | fields
    return words.ComputeSpec(**spec)


def prepare(space: words.Space | None = None, **fields: Any) -> words.Prepare:
    space = space or small_space()
    spec: dict[str, Any] = {
        "space_hash": "hash",
        "data": words.DataSpec(words.Synthetic(1, 1.0), space.input, space.classes, 0.1, 0.1, 1, "auto"),
        "streams": (
            stream(),
            stream("valid", split="valid"),
            stream("pass", split="valid", shuffle=False),
            stream("two", classes=("class-0", "class-2")),
        ),
        "optimizer": optimizer(),
        "label_smoothing": 0.1,
        "compute": compute(),
        "seed": 1,
        "checks": (),
    } | fields
    return words.Prepare(space=space, **spec)


def train(
    paths: list[tuple[int, ...]], scope: str = "all", rate: float = 0.05, first: int = 0, name: str = "train"
) -> words.Train:
    """one step a path, batches counted from `first`"""
    steps = [words.TrainStep((words.WeightedPath(p, 1.0),), rate, first + i) for i, p in enumerate(paths)]
    return words.Train(name, scope, tuple(steps))


def evaluate(
    paths: list[tuple[int, ...]], batches: int = 0, recalibrate: int = 0, name: str = "pass"
) -> words.Evaluate:
    return words.Evaluate(name, tuple(paths), batches, "train", recalibrate)


def executor(
    folder: Path, job: words.Prepare | None = None, on_progress: Callable[..., None] | None = None
) -> Executor:
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
