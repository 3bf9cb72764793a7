"""The worker behind one function, as pythonia calls it."""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
from pathlib import Path

import commands
import pytest
from house import FakeExecutor

from danas_worker.embedded import Bridge
from danas_worker.protocol import messages as pb
from danas_worker.serving.desk import Desk


class Caller:
    def __init__(self) -> None:
        self.made: list[FakeExecutor] = []
        self.bridge = Bridge(Desk(self._make))

    def _make(self, folder: Path) -> FakeExecutor:
        self.made.append(FakeExecutor(folder))
        return self.made[-1]

    def call(self, message: pb.ToWorker) -> pb.FromWorker:
        answer = self.bridge.handle(base64.b64encode(message.SerializeToString()).decode())
        return pb.FromWorker.FromString(base64.b64decode(answer))


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_each_call_is_answered_by_what_it_asked_for(caller: Caller) -> None:
    assert caller.call(commands.hello()).welcome.protocol == 2
    for i in range(5):
        assert caller.call(pb.ToWorker(ping=pb.Ping(sequence=i))).pong.sequence == i
        reply = caller.call(commands.command(f"job-{i}", commands.train_job(0.5 * i))).reply
        assert reply.id == f"job-{i}"
        assert list(reply.train.losses) == [0.5 * i]
    again = caller.call(commands.command("job-2")).reply
    assert list(again.train.losses) == [1.0], "from memory"
    assert len(caller.made[0].executed) == 5


def test_failures_and_refusals_are_answers_too(caller: Caller) -> None:
    assert commands.refused(caller.call(commands.command("job-1"))) == "protocol"
    assert commands.refused(caller.call(commands.hello(protocol=9))) == "protocol"
    caller.call(commands.hello())
    nothing = pb.ToWorker(command=pb.Command(id="job-1"))
    assert caller.call(nothing).reply.failure.code == pb.FailureCode.invalid_job
    assert commands.refused(caller.call(pb.ToWorker())) == "protocol"


def test_a_later_start_is_not_told_what_the_earlier_was(caller: Caller) -> None:
    caller.call(commands.hello(incarnation=1))
    caller.call(commands.command("job-1"))
    assert caller.call(commands.hello(incarnation=2)).welcome.protocol == 2
    assert caller.call(commands.command("job-1", commands.train_job(7.0))).reply.train.losses == [7.0]
    assert commands.refused(caller.call(commands.hello(incarnation=1))) == "fenced"


def test_a_nan_never_stands_in_json(caller: Caller) -> None:
    caller.call(commands.hello())
    caller.call(commands.command("job-1"))
    nan = pb.Trained(losses=(math.nan, math.inf), accuracies=(0.0, 0.0), samples=1)
    caller.made[0].execute = lambda job: (nan, pb.Timing(total_ms=0, data_ms=0, compute_ms=0, wait_ms=0))  # type: ignore[method-assign]
    message = base64.b64encode(commands.command("job-2").SerializeToString()).decode()
    answer = json.loads(json.dumps(caller.bridge.handle(message), allow_nan=False))
    losses = pb.FromWorker.FromString(base64.b64decode(answer)).reply.train.losses
    assert math.isnan(losses[0]) and math.isinf(losses[1])


@pytest.mark.parametrize("garbage", ["", "AAAA", "not base64!", "/////w==", "é"])
def test_garbage_is_an_error_of_the_call_and_nothing_else(caller: Caller, garbage: str) -> None:
    caller.call(commands.hello())
    if garbage in ("",):  # an empty message is one without content
        assert commands.refused(caller.call(pb.ToWorker())) == "protocol"
    else:
        with pytest.raises(ValueError, match="no message to a worker"):
            caller.bridge.handle(garbage)
    caller.call(commands.hello())
    assert caller.call(commands.command("job-1")).reply.id == "job-1"


def test_the_module_serves_real_jobs(tmp_path: Path) -> None:
    """in a process of its own: it is set up by its environment"""
    program = (
        "import sys, base64\n"
        "from danas_worker import embedded\n"
        "for line in sys.stdin: print(embedded.handle(line.strip()), flush=True)\n"
    )
    synthetic = pb.DataSpec(classes=2, on_device="auto", synthetic=pb.Synthetic(per_class=4))
    synthetic.input.channels = synthetic.input.height = synthetic.input.width = 3
    inspect = {"inspect": pb.Inspect(data=synthetic)}
    asked = [commands.hello(run_folder=str(tmp_path)), commands.command("job-0", inspect), commands.command("job-1")]
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(base64.b64encode(message.SerializeToString()).decode() for message in asked),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    answers = [pb.FromWorker.FromString(base64.b64decode(line)) for line in done.stdout.splitlines()]
    assert answers[0].welcome.telemetry.startswith("tcp://127.0.0.1:")
    assert list(answers[1].reply.inspect.data.classes) == ["class-0", "class-1"]
    assert answers[2].reply.failure.code == pb.FailureCode.invalid_job, "there is no model to train"
