"""The bare loop of the overhead bench: it must run what was sent, all of it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from danas_worker import bench, words
from danas_worker.executor import Executor


def train(batch: int) -> words.Train:
    step = words.TrainStep((words.WeightedPath((0,), 1.0),), 0.1, batch)
    return words.Train("train", "all", (step,))


def test_the_bare_loop_runs_the_last_train_jobs_again_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[words.Job] = []

    def execute(self: Executor, job: words.Job) -> tuple[words.Signal, words.Timing]:
        executed.append(job)
        return words.Trained((1.0,), (0.0,), 1), words.Timing(1.0, 0.0, 1.0, 0.0)

    monkeypatch.setattr(Executor, "execute", execute)
    bench.add_bare_loop()
    executor = Executor(Path())
    for batch in range(4):
        executor.execute(train(batch))
        executor.execute(words.BnScales())
    executed.clear()

    signal, timing = executor.execute(words.Export((), "bench/bare/3"))

    assert executed == [train(1), train(2), train(3)]
    assert isinstance(signal, words.Exported)
    [file] = signal.files
    assert file.path == "nanoseconds"
    assert file.bytes == pytest.approx(timing.total_ms * 1e6)


def test_an_ordinary_export_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    exported = words.Exported((words.ExportedFile("model.safetensors", 9, "ab"),))

    def execute(self: Executor, job: words.Job) -> tuple[words.Signal, words.Timing]:
        return exported, words.Timing(1.0, 0.0, 1.0, 0.0)

    monkeypatch.setattr(Executor, "execute", execute)
    bench.add_bare_loop()
    assert Executor(Path()).execute(words.Export((0,), "best"))[0] is exported
