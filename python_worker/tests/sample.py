"""What the shell's tests work with: specs with sensible fields, data sets of a few images, a stand-in for Executor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from danas_worker import words
from danas_worker.data import Data, open_data
from danas_worker.generated.danas.v1 import job_pb2, worker_pb2

ALLOWED = frozenset({"a_persons_data"})


def spec(source: words.DataSource, shape: tuple[int, int, int] = (1, 4, 4), **fields: Any) -> words.DataSpec:
    given: dict[str, Any] = {
        "classes": 3,
        "valid_fraction": 0.2,
        "test_fraction": 0.1,
        "split_seed": 1,
        "on_device": "auto",
    } | fields
    return words.DataSpec(source, words.InputShape(*shape), **given)


def opened(source: words.DataSource, shape: tuple[int, int, int] = (1, 4, 4), **fields: Any) -> Data:
    return open_data(spec(source, shape, **fields), ALLOWED)


def stream_spec(**fields: Any) -> words.StreamSpec:
    given: dict[str, Any] = {
        "name": "train",
        "split": "train",
        "classes": (),
        "batch_size": 4,
        "shuffle": True,
        "seed": 7,
        "augment": None,
    } | fields
    return words.StreamSpec(**given)


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


def paint(path: Path, colour: int | tuple[int, ...] = 128, size: tuple[int, int] = (4, 4), mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


class FakeExecutor:
    """Answers a train job with its learning rates as losses; what it does besides may be set by a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.executed: list[words.Job] = []
        self.closed = False
        self.before: Callable[[words.Job], None] = lambda job: None

    def execute(self, job: words.Job) -> tuple[words.Signal, words.Timing]:
        assert not self.closed
        self.executed.append(job)
        self.before(job)
        if not isinstance(job, words.Train):
            raise words.JobFailed("unsupported", "a fake only trains")
        losses = tuple(step.learning_rate for step in job.steps)
        return words.Trained(losses, (0.5,) * len(losses), len(losses)), words.Timing(3.0, 1.0, 2.0, 0.0)

    def close(self) -> None:
        self.closed = True


class Gate:
    """holds the worker inside a job until it is let go"""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()

    def __call__(self, job: words.Job) -> None:
        self.entered.set()
        assert self.leave.wait(10)


def train_job(*rates: float) -> job_pb2.Job:
    path = job_pb2.WeightedPath(weight=1.0)
    path.architecture.choices.extend([0, 1])
    steps = [job_pb2.TrainStep(paths=[path], learning_rate=rate, batch=i) for i, rate in enumerate(rates or (0.25,))]
    return job_pb2.Job(train=job_pb2.Train(stream="train", scope="all", steps=steps))


def command(name: str, job: job_pb2.Job | None = None) -> worker_pb2.ToWorker:
    return worker_pb2.ToWorker(command=worker_pb2.Command(id=name, job=job or train_job()))


def hello(run: str = "run", incarnation: int = 1, **fields: Any) -> worker_pb2.ToWorker:
    given = {"protocol": 1, "run_folder": "/runs/run"} | fields
    return worker_pb2.ToWorker(hello=worker_pb2.Hello(run=run, incarnation=incarnation, **given))
