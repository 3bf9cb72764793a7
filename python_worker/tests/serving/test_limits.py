"""What a worker takes in, at most: streams, commands, steps of a job. And whom it lets watch."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import sample
from test_sessions import WAIT_S, House

from danas_worker import desk as desk_module
from danas_worker.desk import Desk
from danas_worker.generated.danas.v1 import job_pb2, space_pb2, worker_pb2
from danas_worker.server import MAX_STREAMS
from danas_worker.wire import job_from_wire
from danas_worker.words import MAX_STEPS, JobFailed


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def test_the_stream_after_the_last_place_is_turned_away_until_one_is_free(house: House) -> None:
    session = house.session()
    # all but one place are held by streams that do not say hello yet
    others = [house.stream() for _ in range(MAX_STREAMS - 1)]
    one_more(house, lambda code: code == grpc.StatusCode.RESOURCE_EXHAUSTED)
    session.send(sample.command("job-1"))
    assert session.hear_reply().id == "job-1", "who is served goes on"
    others[0].call.cancel()
    one_more(house, lambda code: code is None)


def one_more(house: House, wanted: Callable[[grpc.StatusCode | None], bool]) -> None:
    """tries one more stream, until it is treated as wanted: its answer's code, None = a refusal in order (busy)"""
    code: grpc.StatusCode | None = None
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        stream = house.stream()
        stream.send(sample.hello("other"))
        try:
            assert stream.hear().refusal.code == "busy"
            code = None
        except grpc.RpcError:
            code = stream.call.code()
        if wanted(code):
            return
        time.sleep(0.05)
    raise AssertionError(code)


def test_commands_that_wait_are_limited_in_number(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "WAITING", 3)
    gate = sample.Gate()
    house.before = gate
    session = house.session()
    session.send(sample.command("job-0"))
    assert gate.entered.wait(WAIT_S)
    session.send(*(sample.command(f"job-{i}") for i in range(1, 5)))
    assert session.hear().refusal.message == "3 commands are waiting already"
    assert session.rest() == []
    gate.leave.set()


def test_a_job_has_so_many_steps_at_most() -> None:
    train = sample.train_job()
    gate = job_pb2.GateStep(
        architecture=space_pb2.Architecture(choices=[0]), alternatives=[space_pb2.Candidates(indices=[1])]
    )
    gates = job_pb2.Job(gates=job_pb2.Gates(stream="train", steps=[gate]))
    for job, steps in ((train, train.train.steps), (gates, gates.gates.steps)):
        steps.extend([steps[0]] * (MAX_STEPS - 1))
        job_from_wire(job)
        steps.append(steps[0])
        with pytest.raises(JobFailed, match="number of steps") as caught:
            job_from_wire(job)
        assert caught.value.code == "invalid-job"
    score = job_pb2.Job(score=job_pb2.Score(stream="train", batches=range(MAX_STEPS)))
    job_from_wire(score)
    score.score.batches.append(0)
    with pytest.raises(JobFailed, match=r"number of score\.batches"):
        job_from_wire(score)


# ---- keys of telemetry ----------------------------------------------------------------------------------------------


def hello(**given: Any) -> worker_pb2.Hello:
    return sample.hello(**given).hello


def test_a_welcome_tells_the_telemetrys_key_and_only_who_is_welcomed_is_admitted(tmp_path: Path) -> None:
    admitted: list[str] = []
    desk = Desk(sample.FakeExecutor, tmp_path, "tcp://0.0.0.0:7778", telemetry_key="S" * 40, admit=admitted.append)
    ignore = lambda message: None  # noqa: E731
    answer = desk.open(hello(run="one", telemetry_key="A" * 40), ignore)
    assert (answer.welcome.telemetry, answer.welcome.telemetry_key) == ("tcp://0.0.0.0:7778", "S" * 40)
    assert admitted == ["A" * 40]
    assert desk.open(hello(run="two", telemetry_key="B" * 40), ignore).refusal.code == "busy"
    assert desk.open(hello(run="one", protocol=9, telemetry_key="C" * 40), ignore).refusal.code == "protocol"
    assert desk.open(hello(run="one"), ignore).HasField("welcome"), "who watches nothing needs no key"
    assert admitted == ["A" * 40]


def test_without_curve_telemetry_is_not_sent_off_this_host_unless_told_to(tmp_path: Path) -> None:
    program = (
        "import zmq, json, sys\nzmq.has = lambda name: False\nfrom danas_worker.main import main\nmain(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "--listen", f"unix:{tmp_path}/s", "--telemetry", "tcp://0.0.0.0:*"]
    folder = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
    assert done.returncode == 2
    assert done.stderr.splitlines()[1].endswith("has no CURVE here")
    told = subprocess.Popen([*command, "--insecure", "--parent-stdin"], stdin=-1, stdout=-1, stderr=-3, cwd=folder)
    assert told.stdin is not None and told.stdout is not None
    try:
        ready = json.loads(told.stdout.readline().decode().removeprefix("ready "))
        assert ready["telemetry"].startswith("tcp://0.0.0.0:")
    finally:
        told.stdin.close()
        assert told.wait(10) == 0
        told.stdout.close()
