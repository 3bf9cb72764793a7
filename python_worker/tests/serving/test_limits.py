"""What a worker takes in, at most: streams, commands, steps of a job. And whom it lets watch."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import grpc
import pytest
from house import WAIT_S, FakeExecutor, Gate, House

from danas_worker.protocol import messages as pb
from danas_worker.protocol.checks import MAX_STEPS, job_of
from danas_worker.protocol.failure import JobFailed
from danas_worker.serving import desk as desk_module
from danas_worker.serving.desk import Desk
from danas_worker.serving.server import MAX_STREAMS


def test_the_stream_after_the_last_place_is_turned_away_until_one_is_free(house: House) -> None:
    session = house.session()
    # all but one place are held by streams that do not say hello yet
    others = [house.stream() for _ in range(MAX_STREAMS - 1)]
    one_more(house, lambda code: code == grpc.StatusCode.RESOURCE_EXHAUSTED)
    session.send(commands.command("job-1"))
    assert session.hear_reply().id == "job-1", "who is served goes on"
    others[0].call.cancel()
    one_more(house, lambda code: code is None)


def one_more(house: House, wanted: Callable[[grpc.StatusCode | None], bool]) -> None:
    """tries one more stream, until it is treated as wanted: its answer's code, None = a refusal in order (busy)"""
    code: grpc.StatusCode | None = None
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        stream = house.stream()
        stream.send(commands.hello("other"))
        try:
            assert commands.refused(stream.hear()) == "busy"
            code = None
        except grpc.RpcError:
            code = stream.call.code()
        if wanted(code):
            return
        time.sleep(0.05)
    raise AssertionError(code)


def test_commands_that_wait_are_limited_in_number(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "WAITING", 3)
    gate = Gate()
    house.before = gate
    session = house.session()
    session.send(commands.command("job-0"))
    assert gate.entered.wait(WAIT_S)
    session.send(*(commands.command(f"job-{i}") for i in range(1, 5)))
    assert session.hear().refusal.message == "3 commands are waiting already"
    assert session.rest() == []
    gate.leave.set()


def test_a_job_has_so_many_steps_at_most() -> None:
    train, gates = commands.jobs()[:2]
    for command, steps in ((train, train.train.steps), (gates, gates.gates.steps)):
        del steps[1:]
        steps.extend([steps[0]] * (MAX_STEPS - 1))
        job_of(command)
        steps.append(steps[0])
        with pytest.raises(JobFailed, match="number of steps") as caught:
            job_of(command)
        assert caught.value.code == pb.FailureCode.invalid_job
    score = pb.Command(score=pb.Score(stream="train", batches=range(MAX_STEPS)))
    job_of(score)
    score.score.batches.append(0)
    with pytest.raises(JobFailed, match=r"number of score\.batches"):
        job_of(score)


# ---- keys of telemetry ----------------------------------------------------------------------------------------------


def hello(**given: Any) -> pb.Hello:
    return commands.hello(**given).hello


def test_a_welcome_tells_the_telemetrys_key_and_only_who_is_welcomed_is_admitted(tmp_path: Path) -> None:
    admitted: list[str] = []
    desk = Desk(FakeExecutor, tmp_path, "tcp://0.0.0.0:7778", telemetry_key="S" * 40, admit=admitted.append)
    ignore = lambda message: None  # noqa: E731
    answer = desk.open(hello(run="one", telemetry_key="A" * 40), ignore)
    assert (answer.welcome.telemetry, answer.welcome.telemetry_key) == ("tcp://0.0.0.0:7778", "S" * 40)
    assert admitted == ["A" * 40]
    assert commands.refused(desk.open(hello(run="two", telemetry_key="B" * 40), ignore)) == "busy"
    assert commands.refused(desk.open(hello(run="one", protocol=9, telemetry_key="C" * 40), ignore)) == "protocol"
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
