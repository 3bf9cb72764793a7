"""What the shell's tests work with: specs with sensible fields, data sets of a few images, a stand-in for Executor."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import Message
from PIL import Image

from danas_worker.data import Data, open_data
from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed

ALLOWED = frozenset({"a_persons_data"})


Source = pb.FashionMnist | pb.Folder | pb.Synthetic | pb.PythonFactory


def folder(root: Path) -> pb.Folder:
    return pb.Folder(root=str(root))


def synthetic(per_class: int, noise: float = 1.0) -> pb.Synthetic:
    return pb.Synthetic(per_class=per_class, noise=noise)


def factory(name: str, options: dict[str, Any] | None = None) -> pb.PythonFactory:
    return pb.PythonFactory(factory=name, options_json=json.dumps(options or {}))


def augment(pad: int = 0, flip: bool = False, cutout: int = 0, min_area: float = 1.0) -> pb.Augment:
    return pb.Augment(pad=pad, flip=flip, cutout=cutout, min_area=min_area)


def spec(source: Source, shape: tuple[int, int, int] = (1, 4, 4), **fields: Any) -> pb.DataSpec:
    channels, height, width = shape
    kinds = {pb.FashionMnist: "fashion_mnist", pb.Folder: "folder", pb.Synthetic: "synthetic"}
    given: dict[str, Any] = {
        "input": pb.InputShape(channels=channels, height=height, width=width),
        "classes": 3,
        "valid_fraction": 0.2,
        "test_fraction": 0.1,
        "split_seed": 1,
        kinds.get(type(source), "python"): source,
    } | fields
    return pb.DataSpec(**given)


def opened(source: Source, shape: tuple[int, int, int] = (1, 4, 4), **fields: Any) -> Data:
    return open_data(spec(source, shape, **fields), ALLOWED)


def stream_spec(**fields: Any) -> pb.StreamSpec:
    given: dict[str, Any] = {"name": "train", "split": "train", "batch_size": 4, "shuffle": True, "seed": 7} | fields
    return pb.StreamSpec(**given)


class Items:
    """a map-style data set of one-coloured grey images; what an image shows is what it is"""

    def __init__(self, values: Sequence[int], labels: Sequence[int], classes: Sequence[str] | None = None) -> None:
        self.values = values
        self.labels = labels
        if classes is not None:
            self.classes = classes

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> tuple[np.ndarray[Any, Any], int]:
        return np.full((4, 4), self.values[index], dtype=np.uint8), self.labels[index]


def shown(data: Data, x_NCHW: Any) -> list[int]:
    """the values that Items were given, from a normalised batch that was not augmented"""
    pixels = (x_NCHW[:, 0, 0, 0] * data.std_C[0] + data.mean_C[0]) * 255
    return [round(float(value)) for value in pixels]


def counts(data: Data) -> dict[str, tuple[int, ...]]:
    """images of each class, by split"""
    return {pb.Split.Name(info.split): tuple(info.counts) for info in data.info.splits}


def paint(path: Path, colour: int | tuple[int, ...] = 128, size: tuple[int, int] = (4, 4), mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


class FakeExecutor:
    """Answers a train job with its learning rates as losses; what it does besides may be set by a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.executed: list[Message] = []
        self.closed = False
        self.before: Callable[[Message], None] = lambda job: None

    def execute(self, job: Message) -> tuple[Message, pb.Timing]:
        assert not self.closed
        self.executed.append(job)
        self.before(job)
        if not isinstance(job, pb.Train):
            raise JobFailed(pb.FailureCode.unsupported, "a fake only trains")
        losses = [step.learning_rate for step in job.steps]
        answer = pb.Trained(losses=losses, accuracies=[0.5] * len(losses), samples=len(losses))
        return answer, pb.Timing(total_ms=3.0, data_ms=1.0, compute_ms=2.0)

    def close(self) -> None:
        self.closed = True


class Gate:
    """holds the worker inside a job until it is let go"""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()

    def __call__(self, job: Message) -> None:
        self.entered.set()
        assert self.leave.wait(10)


def train_job(*rates: float) -> dict[str, Message]:
    path = pb.WeightedPath(architecture=[0, 1], weight=1.0)
    steps = [pb.TrainStep(paths=[path], learning_rate=rate, batch=i) for i, rate in enumerate(rates or (0.25,))]
    return {"train": pb.Train(stream="train", scope="all", steps=steps)}


def command(name: str, job: dict[str, Message] | None = None) -> pb.ToWorker:
    """`job`: by its name in Command"""
    given: dict[str, Any] = train_job() if job is None else job
    return pb.ToWorker(command=pb.Command(id=name, **given))


def hello(run: str = "run", incarnation: int = 1, **fields: Any) -> pb.ToWorker:
    given = {"protocol": 2, "run_folder": "/runs/run"} | fields
    return pb.ToWorker(hello=pb.Hello(run=run, incarnation=incarnation, **given))


def refused(message: pb.FromWorker) -> str:
    """why; the first of the codes is 0, so that what is no refusal would look like one"""
    assert message.HasField("refusal"), message
    return pb.Refusal.Code.Name(message.refusal.code)


def failed(reply: pb.Reply) -> str:
    assert reply.HasField("failure"), reply
    return pb.FailureCode.Name(reply.failure.code)
