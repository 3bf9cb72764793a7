"""The worker behind one function, as pythonia calls it."""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import sample

from danas_worker import words
from danas_worker.desk import Desk
from danas_worker.embedded import Bridge
from danas_worker.generated.danas.v1 import worker_pb2


class Caller:
    def __init__(self) -> None:
        self.made: list[sample.FakeExecutor] = []
        self.bridge = Bridge(Desk(self._make))

    def _make(self, folder: Path) -> sample.FakeExecutor:
        self.made.append(sample.FakeExecutor(folder))
        return self.made[-1]

    def call(self, message: worker_pb2.ToWorker) -> worker_pb2.FromWorker:
        answer = self.bridge.handle(base64.b64encode(message.SerializeToString()).decode())
        return worker_pb2.FromWorker.FromString(base64.b64decode(answer))


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_each_call_is_answered_by_what_it_asked_for(caller: Caller) -> None:
    assert caller.call(sample.hello()).welcome.protocol == 1
    for i in range(5):
        assert caller.call(worker_pb2.ToWorker(ping=worker_pb2.Ping(sequence=i))).pong.sequence == i
        reply = caller.call(sample.command(f"job-{i}", sample.train_job(0.5 * i))).reply
        assert reply.id == f"job-{i}"
        assert list(reply.signal.train.losses) == [0.5 * i]
    again = caller.call(sample.command("job-2")).reply
    assert list(again.signal.train.losses) == [1.0], "from memory"
    assert len(caller.made[0].executed) == 5


def test_failures_and_refusals_are_answers_too(caller: Caller) -> None:
    assert caller.call(sample.command("job-1")).refusal.code == "protocol"
    assert caller.call(sample.hello(protocol=9)).refusal.code == "protocol"
    caller.call(sample.hello())
    nothing = worker_pb2.ToWorker(command=worker_pb2.Command(id="job-1"))
    assert caller.call(nothing).reply.failure.code == "invalid-job"
    assert caller.call(worker_pb2.ToWorker()).refusal.code == "protocol"


def test_a_later_start_is_not_told_what_the_earlier_was(caller: Caller) -> None:
    caller.call(sample.hello(incarnation=1))
    caller.call(sample.command("job-1"))
    assert caller.call(sample.hello(incarnation=2)).welcome.protocol == 1
    assert caller.call(sample.command("job-1", sample.train_job(7.0))).reply.signal.train.losses == [7.0]
    assert caller.call(sample.hello(incarnation=1)).refusal.code == "fenced"


def test_a_nan_never_stands_in_json(caller: Caller) -> None:
    caller.call(sample.hello())
    caller.call(sample.command("job-1"))
    nan = words.Trained((math.nan, math.inf), (0.0, 0.0), 1)
    caller.made[0].execute = lambda job: (nan, words.Timing(0, 0, 0, 0))  # type: ignore[method-assign]
    message = base64.b64encode(sample.command("job-2").SerializeToString()).decode()
    answer = json.loads(json.dumps(caller.bridge.handle(message), allow_nan=False))
    losses = worker_pb2.FromWorker.FromString(base64.b64decode(answer)).reply.signal.train.losses
    assert math.isnan(losses[0]) and math.isinf(losses[1])


@pytest.mark.parametrize("garbage", ["", "AAAA", "not base64!", "/////w==", "é"])
def test_garbage_is_an_error_of_the_call_and_nothing_else(caller: Caller, garbage: str) -> None:
    caller.call(sample.hello())
    if garbage in ("",):  # an empty message is one without content
        assert caller.call(worker_pb2.ToWorker()).refusal.code == "protocol"
    else:
        with pytest.raises(ValueError, match="no message to a worker"):
            caller.bridge.handle(garbage)
    caller.call(sample.hello())
    assert caller.call(sample.command("job-1")).reply.id == "job-1"


def test_the_module_serves_real_jobs(tmp_path: Path) -> None:
    """in a process of its own: it is set up by its environment"""
    program = (
        "import sys, base64\n"
        "from danas_worker import embedded\n"
        "for line in sys.stdin: print(embedded.handle(line.strip()), flush=True)\n"
    )
    synthetic = sample.job_pb2.DataSpec(classes=2, on_device="auto", synthetic=sample.job_pb2.Synthetic(per_class=4))
    synthetic.input.channels = synthetic.input.height = synthetic.input.width = 3
    inspect = sample.job_pb2.Job(inspect=sample.job_pb2.Inspect(data=synthetic))
    asked = [sample.hello(run_folder=str(tmp_path)), sample.command("job-0", inspect), sample.command("job-1")]
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(base64.b64encode(message.SerializeToString()).decode() for message in asked),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    answers = [worker_pb2.FromWorker.FromString(base64.b64decode(line)) for line in done.stdout.splitlines()]
    assert answers[0].welcome.telemetry.startswith("tcp://127.0.0.1:")
    assert list(answers[1].reply.signal.inspect.classes) == ["class-0", "class-1"]
    assert answers[2].reply.failure.code == "invalid-job", "there is no model to train"
