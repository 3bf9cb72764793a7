"""`python -m danas_worker` as a process: how it begins and how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import commands
import grpc
import pytest

from danas_worker.protocol import messages as pb


def test_it_serves_and_ends_with_its_parent(start: Any) -> None:
    worker = start("--parent-stdin")
    assert worker.ready == {
        "address": f"unix:{worker.socket}",
        "telemetry": f"ipc://{worker.telemetry}",
        "pid": worker.process.pid,
    }
    for path in (worker.socket, worker.telemetry):
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert path.stat().st_mode & 0o777 == 0o600, "for its owner alone"
    if Path("/proc/self/environ").exists():
        environment = Path(f"/proc/{worker.process.pid}/environ").read_bytes()
        assert b"MALLOC_MMAP_THRESHOLD_=1073741824" in environment, "it started itself a second time"

    session = worker.session()
    data = pb.DataSpec(classes=2, on_device="auto", synthetic=pb.Synthetic(per_class=4))
    data.input.channels = data.input.height = data.input.width = 3
    inspect = {"inspect": pb.Inspect(data=data)}
    session.send(commands.command("job-0", inspect), commands.command("job-1"), commands.command("job-2", inspect))
    replies = [session.hear_reply() for _ in range(3)]
    assert [r.WhichOneof("answer") for r in replies] == ["inspect", "failure", "inspect"]
    assert replies[0].inspect == replies[2].inspect
    assert list(replies[0].inspect.data.splits[0].counts) == [4, 4]

    session.send(pb.ToWorker(ping=pb.Ping(sequence=1)))
    assert session.hear().pong.sequence == 1
    assert worker.process.poll() is None, "with its standard input open it stays"
    before = time.monotonic()
    worker.process.stdin.close()
    assert worker.process.wait(10) == 0
    assert time.monotonic() - before < 5
    assert not worker.socket.exists() and not worker.telemetry.exists()
    assert "Traceback" not in worker.logged()


def test_it_ends_in_order_when_told_to_even_in_a_session(start: Any) -> None:
    worker = start()
    worker.process.stdin.close()
    session = worker.session()
    assert worker.process.poll() is None, "without --parent-stdin nothing hangs on standard input"
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(10) == 0
    assert not worker.socket.exists()
    with pytest.raises(grpc.RpcError):
        session.hear()
    assert "Traceback" not in worker.logged()


def test_it_ends_with_its_parent_in_the_middle_of_a_job_that_does_not_listen(start: Any, tmp_path: Path) -> None:
    """a job that holds the interpreter, as a long step in C++ does: nobody in there asks for signals"""
    module = tmp_path / "deaf_data.py"
    module.write_text(
        "import ctypes, pathlib\n"
        "def make(mark):\n"
        "    pathlib.Path(mark).touch()\n"
        "    libc = ctypes.CDLL(None)\n"
        "    while True:\n"  # sleep() returns early on a signal; Python would look at it between two calls
        "        try: libc.usleep(500_000)\n"
        "        except BaseException: pass\n"
    )
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        worker = start("--parent-stdin", "--allow-module", "deaf_data")
    finally:
        del os.environ["PYTHONPATH"]
    options = json.dumps({"mark": str(tmp_path / "inside")})
    data = pb.DataSpec(
        classes=2, on_device="auto", python=pb.PythonFactory(factory="deaf_data:make", options_json=options)
    )
    data.input.channels = data.input.height = data.input.width = 3
    session = worker.session()
    session.send(commands.command("job-0", {"inspect": pb.Inspect(data=data)}))
    for _ in range(2_000):
        if (tmp_path / "inside").exists():
            break
        time.sleep(0.005)
    else:
        raise AssertionError(worker.logged())
    worker.process.stdin.close()
    assert worker.process.wait(10) == 0
    assert not worker.socket.exists()


def test_an_address_that_is_taken_is_three_lines_and_exit_code_2(start: Any, tmp_path: Path) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "danas_worker", "--listen", address, "--telemetry", "none"],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=Path(__file__).parents[2],
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-3] == "danas worker: cannot start"
    assert f"cannot listen on {address}" in done.stderr
