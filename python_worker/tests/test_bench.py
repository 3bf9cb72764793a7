"""The bare loop of the overhead bench: it must run what was sent, all of it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import world
from google.protobuf.message import Message

from danas_bench.bare_loop import add_bare_loop
from danas_worker.jobs.executor import Executor
from danas_worker.protocol import messages as pb


def train(batch: int) -> pb.Train:
    return world.train([(0,)], first=batch)


def test_the_bare_loop_runs_the_last_train_jobs_again_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[Message] = []

    def execute(self: Executor, job: Message) -> tuple[Message, pb.Timing]:
        executed.append(job)
        return pb.Trained(), pb.Timing(total_ms=1.0)

    monkeypatch.setattr(Executor, "execute", execute)
    add_bare_loop()
    executor = Executor(Path())
    for batch in range(4):
        executor.execute(train(batch))
        executor.execute(pb.BnScales())
    executed.clear()

    signal, timing = executor.execute(pb.Export(folder="bench/bare/3"))

    assert executed == [train(1), train(2), train(3)]
    assert isinstance(signal, pb.Exported)
    [file] = signal.files
    assert file.path == "nanoseconds"
    assert file.bytes == pytest.approx(timing.total_ms * 1e6)


def test_an_ordinary_export_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    exported = pb.Exported(files=[pb.ExportedFile(path="model.safetensors", bytes=9)])

    def execute(self: Executor, job: Message) -> tuple[Message, pb.Timing]:
        return exported, pb.Timing(total_ms=1.0)

    monkeypatch.setattr(Executor, "execute", execute)
    add_bare_loop()
    assert Executor(Path()).execute(pb.Export(architecture=(0,), folder="best"))[0] is exported
