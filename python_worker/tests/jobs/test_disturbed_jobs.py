"""Jobs disturbed on their way, given to the executor itself: typed failures, and sound jobs work after them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import commands
import fuzz
import pytest

from danas_worker.jobs.executor import Executor
from danas_worker.protocol import messages as pb
from danas_worker.serving.desk import carry_out


@pytest.fixture
def quick_collections() -> Iterator[None]:
    """the executor collects garbage after each failure: what was imported need not be looked through every time"""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def outcome(reply: pb.Reply) -> str:
    return pb.FailureCode.Name(reply.failure.code) if reply.HasField("failure") else "done"


@pytest.mark.usefixtures("quick_collections")
def test_no_disturbed_job_is_a_surprise(tmp_path: Path) -> None:
    what = "disturbed jobs, carried out"
    draw = fuzz.draw_for(what)
    run_folder = tmp_path / "runs" / "run"
    run_folder.mkdir(parents=True)
    executor = Executor(run_folder)
    codes: dict[str, int] = {}

    def done(command: pb.Command) -> pb.Reply:
        return carry_out(executor, command, 0.0)

    for number in range(fuzz.cases(30, what, share=0.2)):
        if number % 15 == 0:
            # of the sound jobs only the restore fails: no file has that sum
            sound = [commands.runnable_prepare(), *commands.jobs()]
            assert [outcome(done(command)) for command in sound] == ["done"] * 7 + ["invalid_job"] + ["done"] * 2
        command = commands.runnable_prepare() if number % 3 == 0 else draw.choice(commands.jobs())
        for _ in range(draw.randint(1, 2)):
            fuzz.disturb(command, draw)
        reply = done(command)
        codes[outcome(reply)] = codes.get(outcome(reply), 0) + 1
        # the hint of what nobody foresaw
        assert "report it" not in reply.failure.hint, f"{reply.failure.message}\n{str(command)[:3000]}"
    assert codes["done"] > 3 and codes["invalid_job"] > 6, codes
    assert {p.name for p in tmp_path.rglob("*")} <= {
        *("runs", "run", "c.pt", "x", "train", "exported", "model.json", "model.py", "model.safetensors"),
        *("{}", "😀" * 100, "[" * 5000),
    }, "nothing is written anywhere else"
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["run"]
