"""
The desk between the wire and the work: commands come in on any thread, are carried out in order on one, and each is
answered once. What was answered is remembered, so that a command that comes again is not run again.
"""

from __future__ import annotations

import logging
import os
import platform
import socket
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Protocol

import torch

from . import __version__, wire, words
from .generated.danas.v1 import worker_pb2

PROTOCOL = 1

REMEMBERED = 10_000
"""answers kept for commands that come again; an orchestrator has a handful in flight"""

log = logging.getLogger("danas.worker")


class Works(Protocol):
    """what carries jobs out: Executor, or a stand-in for tests"""

    run_folder: Path

    def execute(self, job: words.Job) -> tuple[words.Signal, words.Timing]: ...


Outbox = Callable[[worker_pb2.FromWorker | None], None]
"""takes messages for one stream, from any thread; None ends the stream"""


@dataclass
class Owner:
    run: str
    incarnation: int


class Desk:
    def __init__(
        self,
        make_executor: Callable[[Path], Works],
        run_folder: Path | None = None,
        telemetry: str = "",
    ) -> None:
        """`run_folder`: below it all runs must lie; None = where the orchestrator says (it is on this host)"""
        self._make_executor = make_executor
        self._run_folder = run_folder
        self._telemetry = telemetry
        self._changed = threading.Condition()
        self._owner: Owner | None = None
        self._outbox: Outbox | None = None
        self._queue: deque[worker_pb2.Command] = deque()
        self._known: set[str] = set()
        """ids queued or being carried out"""
        self._busy_with = ""
        self._busy_kind = ""
        self._last_wait_ms = 0.0
        self._answers: OrderedDict[str, worker_pb2.Reply] = OrderedDict()
        self._executor: Works | None = None
        self._folder: Path | None = None
        self._closed = False
        self._idle_since = perf_counter()

    @property
    def run(self) -> str:
        """the run being served; empty = none"""
        return self._owner.run if self._owner else ""

    def now(self) -> tuple[str, str, str, float]:
        """for telemetry: run, command id, job kind, how long the worker waited for the command (ms)"""
        return self.run, self._busy_with, self._busy_kind, self._last_wait_ms

    # ---- from the wire, on any thread -------------------------------------------------------------------------------

    def open(self, hello: worker_pb2.Hello, outbox: Outbox) -> worker_pb2.FromWorker:
        """a welcome, after which the outbox gets the replies; or a refusal"""
        if hello.protocol != PROTOCOL:
            return _refusal("protocol", f"this worker speaks protocol {PROTOCOL}, the orchestrator {hello.protocol}")
        if not hello.run:
            return _refusal("protocol", "a hello needs the run's name")
        try:
            folder = self._folder_for(hello)
        except ValueError as error:
            return _refusal("protocol", str(error))
        with self._changed:
            owner = self._owner
            if owner and owner.run != hello.run and self._outbox is not None:
                return _refusal("busy", f"this worker serves run {owner.run!r}")
            if owner and owner.run == hello.run and hello.incarnation < owner.incarnation:
                return _refusal("fenced", f"run {owner.run!r} went on with incarnation {owner.incarnation}")
            if self._outbox is not None:
                told = _refusal("fenced", f"incarnation {hello.incarnation} of run {hello.run!r} took over")
                self._outbox(told if owner and hello.incarnation != owner.incarnation else None)
                self._outbox(None)
            if owner is None or (owner.run, owner.incarnation) != (hello.run, hello.incarnation):
                # the old owner's commands die with it; only the one being carried out cannot be called back
                self._queue.clear()
                self._known.clear()
                self._answers.clear()
                self._owner = Owner(hello.run, hello.incarnation)
            self._folder = folder
            self._outbox = outbox
            return worker_pb2.FromWorker(welcome=self._welcome())

    def close(self, outbox: Outbox) -> None:
        """the stream of this outbox ended; what is queued goes on, its orchestrator may come back"""
        with self._changed:
            if self._outbox is outbox:
                self._outbox = None

    def take(self, message: worker_pb2.ToWorker, outbox: Outbox) -> None:
        """a command or a ping of an open stream"""
        match message.WhichOneof("message"):
            case "ping":
                pong = worker_pb2.Pong(sequence=message.ping.sequence, busy_with=self._busy_with)
                outbox(worker_pb2.FromWorker(pong=pong))
            case "command":
                self._enqueue(message.command, outbox)
            case _:
                outbox(_refusal("protocol", "after the hello only commands and pings are understood"))
                outbox(None)

    def _enqueue(self, command: worker_pb2.Command, outbox: Outbox) -> None:
        with self._changed:
            if self._outbox is not outbox:
                return  # fenced off meanwhile
            answered = self._answers.get(command.id)
            if answered is not None:
                outbox(worker_pb2.FromWorker(reply=answered))
            elif command.id not in self._known:
                self._known.add(command.id)
                self._queue.append(command)
                self._changed.notify_all()

    # ---- the work, on one thread ------------------------------------------------------------------------------------

    def work(self) -> None:
        """Carries commands out until stopped. Belongs into the main thread: torch is fastest there."""
        while self.work_once(wait=True):
            pass

    def work_once(self, wait: bool = False) -> bool:
        """one command; False where there is none (or, waiting, where the desk was stopped)"""
        with self._changed:
            while wait and not self._queue and not self._closed:
                self._changed.wait()
            if self._closed or not self._queue:
                return False
            command = self._queue.popleft()
            owner = self._owner
            assert owner is not None and self._folder is not None
            if self._executor is None or self._executor.run_folder != self._folder:
                self._executor = self._make_executor(self._folder)
            executor = self._executor
            self._busy_with = command.id
            self._busy_kind = command.job.WhichOneof("kind") or ""
        self._last_wait_ms = (perf_counter() - self._idle_since) * 1e3
        reply = carry_out(executor, command, self._last_wait_ms)
        with self._changed:
            self._busy_with = ""
            self._idle_since = perf_counter()
            if self._owner is owner:
                self._known.discard(command.id)
                self._answers[command.id] = reply
                if len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
                if self._outbox is not None:
                    self._outbox(worker_pb2.FromWorker(reply=reply))
        return True

    def stop(self) -> None:
        """ends `work` after the command being carried out"""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _folder_for(self, hello: worker_pb2.Hello) -> Path:
        folder = Path(hello.run_folder)
        if self._run_folder is None:
            if not folder.is_absolute():
                raise ValueError(f"the run folder {hello.run_folder!r} is not absolute")
            return folder
        inside = (self._run_folder / hello.run).resolve()
        if inside.parent != self._run_folder.resolve():
            raise ValueError(f"the run's name {hello.run!r} is no plain name")
        inside.mkdir(mode=0o700, parents=True, exist_ok=True)
        return inside

    def _welcome(self) -> worker_pb2.Welcome:
        versions = {name: metadata.version(name) for name in ("torch", "torchvision", "numpy", "grpcio", "protobuf")}
        return worker_pb2.Welcome(
            protocol=PROTOCOL,
            worker_version=__version__,
            python_version=platform.python_version(),
            torch_version=torch.__version__,
            host=socket.gethostname(),
            pid=os.getpid(),
            devices=devices(),
            telemetry=self._telemetry,
            mock=False,
            versions={"python": platform.python_version(), "danas_worker": __version__, **versions},
        )


def carry_out(executor: Works, command: worker_pb2.Command, wait_ms: float) -> worker_pb2.Reply:
    """a reply whatever happens: what nobody foresaw becomes a failure of code "internal", its stack goes to the log"""
    try:
        signal, timing = executor.execute(wire.job_from_wire(command.job))
    except words.JobFailed as failure:
        log.warning("%s: %s: %s", command.id, failure.code, failure.message)
        return worker_pb2.Reply(id=command.id, failure=wire.failure_to_wire(failure))
    except Exception as error:
        log.exception("%s failed", command.id)
        message = f"{type(error).__name__}: {error}"
        unforeseen = words.JobFailed(
            "internal", message, "worker.log in the run's folder has the stack; please report it"
        )
        return worker_pb2.Reply(id=command.id, failure=wire.failure_to_wire(unforeseen))
    timing = replace(timing, wait_ms=wait_ms)
    return worker_pb2.Reply(id=command.id, signal=wire.signal_to_wire(signal), timing=wire.timing_to_wire(timing))


def _refusal(code: str, message: str) -> worker_pb2.FromWorker:
    return worker_pb2.FromWorker(refusal=worker_pb2.Refusal(code=code, message=message))


def devices() -> list[str]:
    found = [f"cpu {os.cpu_count()} cores"]
    if torch.cuda.is_available():
        found += [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    return found


def log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
