"""
The desk between the wire and the work: commands come in on any thread, are carried out in order on one, and each is
answered once. What was answered is remembered, so that a command that comes again is not run again.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any, Protocol

from google.protobuf.message import Message

from ..protocol.checks import job_of
from ..protocol.failure import JobFailed
from ..protocol.messages import Command, FailureCode, FromWorker, Hello, Pong, Refusal, Reply, Timing, ToWorker
from .welcome import PROTOCOL, welcome

REMEMBERED = 10_000
REMEMBERED_BYTES = 256 << 20
"""answers kept for commands that come again; an orchestrator has a handful in flight"""

WAITING = 10_000
WAITING_BYTES = 256 << 20
"""commands that may wait to be carried out"""

MAX_MESSAGE = 64 << 20
"""bytes; the orchestrator's limit is the same"""

LOOK_UP_S = 0.5
"""
Python runs signal handlers between two steps of the main thread. A signal that comes in the instant before that thread
falls asleep does not wake it: without looking up now and then, a worker told to end right after a job never did.
"""

LEASE_S = 20.0
"""a run whose connection was cut may come back so long before the worker serves another; a reconnect takes up to 8 s"""

log = logging.getLogger("danas.worker")


class Works(Protocol):
    """what carries jobs out: Executor, or a stand-in for tests"""

    def execute(self, job: Message) -> tuple[Message, Timing]:
        """Raises JobFailed."""
        ...

    def close(self) -> None:
        """Gives back what it holds."""
        ...


Outbox = Callable[[FromWorker | None], None]
"""takes messages for one stream, from any thread; None ends the stream"""


@dataclass(eq=False)
class Owner:
    """one start of one run's orchestrator"""

    run: str
    id: str
    """tells the run from another one of the same name"""
    incarnation: int
    folder: Path
    outbox: Outbox | None
    """None = its stream is gone"""
    lease_until: float = 0.0
    """without a stream: when another run may take the worker"""


class Desk:
    def __init__(
        self,
        make_executor: Callable[[Path], Works],
        run_folder: Path | None = None,
        telemetry: str = "",
        lease_s: float = LEASE_S,
        telemetry_key: str = "",
        admit: Callable[[str], None] = lambda key: None,
    ) -> None:
        """
        `run_folder`: below it all runs must lie; None = where the orchestrator says (it is on this host).
        `telemetry_key`: see welcome; `admit` is told the key of each orchestrator that was welcomed, if it has one
        """
        self._make_executor = make_executor
        self._run_folder = run_folder
        self._telemetry = telemetry
        self._telemetry_key = telemetry_key
        self._admit = admit
        self._lease_s = lease_s
        self._changed = threading.Condition()
        self._owner: Owner | None = None
        self._queue: deque[Command] = deque()
        self._queue_bytes = 0
        self._known: set[str] = set()
        """ids queued or being carried out"""
        self._answers: OrderedDict[str, Reply] = OrderedDict()
        self._answers_bytes = 0
        self._stopped = False
        self._released = False
        # of the thread that works
        self._executor: tuple[Owner, Works] | None = None
        self._now = ("", "", "", 0.0)
        self._idle_since = perf_counter()

    def now(self) -> tuple[str, str, str, float]:
        """for telemetry: run, command id (empty = idle), job kind, how long the worker waited for the command (ms)"""
        return self._now

    # ---- from the wire, on any thread -------------------------------------------------------------------------------

    def open(self, hello: Hello, outbox: Outbox) -> FromWorker:
        """a welcome, after which the outbox gets the replies; or a refusal"""
        if hello.protocol != PROTOCOL:
            message = f"this worker speaks protocol {PROTOCOL}, the orchestrator {hello.protocol}"
            return refusal(Refusal.protocol, message)
        if not hello.run:
            return refusal(Refusal.protocol, "a hello needs the run's name")
        answer = FromWorker(welcome=welcome(self._telemetry, self._telemetry_key))
        with self._changed:
            owner = self._owner
            refused = self._why_not(owner, hello)
            if refused is not None:
                log.info("run %s, start %d: refused (%s)", hello.run, hello.incarnation, refused.refusal.message)
                return refused
            try:
                folder = self._folder_for(hello)
            except (OSError, ValueError) as error:
                return refusal(Refusal.protocol, f"the run's folder cannot be used: {error}")
            run_id = hello.run_id or hello.run
            again = owner is not None and (owner.id, owner.incarnation) == (run_id, hello.incarnation)
            if owner is not None and owner.outbox is not None:
                if not again:
                    owner.outbox(refusal(Refusal.fenced, f"start {hello.incarnation} of run {hello.run!r} took over"))
                owner.outbox(None)
            if owner is not None and again:
                owner.outbox = outbox
            else:
                # the old owner's commands die with it; only the one being carried out cannot be called back
                self._forget()
                self._owner = Owner(hello.run, run_id, hello.incarnation, folder, outbox)
                if not self._now[1]:
                    self._idle_since = perf_counter()
            log.info("run %s, start %d: %s", hello.run, hello.incarnation, "connected again" if again else "connected")
        # before the welcome leaves: whoever has it may subscribe at once
        if hello.telemetry_key:
            self._admit(hello.telemetry_key)
        return answer

    def close(self, outbox: Outbox, goodbye: bool = False) -> None:
        """
        The stream of this outbox ended. Cut: what is queued goes on, for its orchestrator may come back. With a goodbye
        nobody wants it any more, and what the run held is given back.
        """
        with self._changed:
            owner = self._owner
            if owner is None or owner.outbox is not outbox:
                return
            owner.outbox = None
            owner.lease_until = 0.0 if goodbye else monotonic() + self._lease_s
            log.info("run %s, start %d: %s", owner.run, owner.incarnation, "said goodbye" if goodbye else "cut off")
            if goodbye:
                self._drop_queue()
                self._released = True
                self._changed.notify_all()

    def take(self, message: ToWorker, outbox: Outbox) -> None:
        """a message of an open stream, after its hello"""
        match message.WhichOneof("message"):
            case "ping":
                pong = Pong(sequence=message.ping.sequence, busy_with=self._now[1])
                outbox(FromWorker(pong=pong))
            case "command":
                self._enqueue(message.command, outbox)
            case "goodbye":
                self.close(outbox, goodbye=True)
                outbox(None)
            case _:
                outbox(refusal(Refusal.protocol, "after the hello only commands, pings and a goodbye are understood"))
                outbox(None)

    def _enqueue(self, command: Command, outbox: Outbox) -> None:
        with self._changed:
            if self._owner is None or self._owner.outbox is not outbox:
                return  # fenced off meanwhile
            answered = self._answers.get(command.id)
            if answered is not None:
                outbox(FromWorker(reply=answered))
            elif not command.id:
                outbox(refusal(Refusal.protocol, "a command needs an id"))
                outbox(None)
            elif command.id not in self._known:
                size = command.ByteSize()
                if len(self._queue) >= WAITING or self._queue_bytes + size > WAITING_BYTES:
                    outbox(refusal(Refusal.protocol, f"{len(self._queue)} commands are waiting already"))
                    outbox(None)
                    return
                self._known.add(command.id)
                self._queue.append(command)
                self._queue_bytes += size
                self._changed.notify_all()

    def _why_not(self, owner: Owner | None, hello: Hello) -> FromWorker | None:
        if owner is None:
            return None
        if owner.id == (hello.run_id or hello.run):
            if hello.incarnation < owner.incarnation:
                return refusal(Refusal.fenced, f"run {owner.run!r} went on with start {owner.incarnation}")
            return None
        if owner.outbox is not None:
            return refusal(Refusal.busy, f"this worker serves run {owner.run!r}")
        left = owner.lease_until - monotonic()
        if left > 0:
            return refusal(Refusal.busy, f"run {owner.run!r} was cut off and may come back within {left:.0f} s")
        return None

    def _folder_for(self, hello: Hello) -> Path:
        folder = Path(hello.run_folder)
        if self._run_folder is None:
            if not folder.is_absolute():
                raise ValueError(f"{hello.run_folder!r} is not absolute")
            return folder
        root = self._run_folder.resolve()
        inside = root / hello.run
        if hello.run in (".", "..") or "/" in hello.run or "\\" in hello.run or inside.resolve() != inside:
            raise ValueError(f"the run's name {hello.run!r} is no plain name")
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside

    def _forget(self) -> None:
        self._drop_queue()
        self._known.clear()
        self._answers.clear()
        self._answers_bytes = 0
        self._released = False

    def _drop_queue(self) -> None:
        self._known.difference_update(command.id for command in self._queue)
        self._queue.clear()
        self._queue_bytes = 0

    # ---- the work, on one thread ------------------------------------------------------------------------------------

    def work(self) -> None:
        """Carries commands out until stopped. Belongs into the main thread: torch is fastest there."""
        while self.work_once(wait=True):
            pass

    def work_once(self, wait: bool = False) -> bool:
        """one command; False where there is none (or, waiting, where the desk was stopped)"""
        with self._changed:
            while wait and not (self._queue or self._stopped or self._released):
                self._changed.wait(LOOK_UP_S)
            released, self._released = self._released, False
            command = self._queue.popleft() if self._queue and not self._stopped else None
            owner = self._owner
            if command is not None and owner is not None:
                self._queue_bytes -= command.ByteSize()
                waited_ms = (perf_counter() - self._idle_since) * 1e3
                self._now = (owner.run, command.id, command.WhichOneof("job") or "", waited_ms)
        if released:
            self._leave()
        if command is None or owner is None:
            return released and not self._stopped
        reply = carry_out(self._executor_for(owner), command, waited_ms)
        with self._changed:
            self._now = ("", "", "", 0.0)
            self._idle_since = perf_counter()
            if self._owner is owner:
                self._known.discard(command.id)
                self._remember(reply)
                if owner.outbox is not None:
                    owner.outbox(FromWorker(reply=reply))
        return True

    def stop(self) -> None:
        """ends `work` after the command being carried out"""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _executor_for(self, owner: Owner) -> Works:
        """each start of a run begins with nothing of the one before"""
        if self._executor is None or self._executor[0] is not owner:
            self._leave()
            self._executor = (owner, self._make_executor(owner.folder))
        return self._executor[1]

    def _leave(self) -> None:
        if self._executor is not None:
            self._executor[1].close()
            self._executor = None

    def _remember(self, reply: Reply) -> None:
        self._answers[reply.id] = reply
        self._answers_bytes += reply.ByteSize()
        while len(self._answers) > REMEMBERED or (self._answers_bytes > REMEMBERED_BYTES and len(self._answers) > 1):
            _, oldest = self._answers.popitem(last=False)
            self._answers_bytes -= oldest.ByteSize()


def carry_out(executor: Works, command: Command, wait_ms: float) -> Reply:
    """a reply whatever happens: what nobody foresaw becomes a failure of code "internal", its stack goes to the log"""
    try:
        answer, timing = executor.execute(job_of(command))
        timing.wait_ms = wait_ms
        # an answer bears its job's name
        named: dict[str, Any] = {command.WhichOneof("job") or "": answer}
        reply = Reply(id=command.id, timing=timing, **named)
        if reply.ByteSize() > MAX_MESSAGE - 1_000:
            size = reply.ByteSize() / 1e6
            message = f"the answer is too long for the wire: {size:.0f} MB"
            raise JobFailed(FailureCode.unsupported, message, "ask for less")
        return reply
    except JobFailed as error:
        failed = error
        log.warning("%s: %s: %s", command.id, FailureCode.Name(failed.code), failed.message[:500])
    except Exception as error:
        log.exception("%s failed", command.id)
        hint = "worker.log in the run's folder has the stack; please report it"
        failed = JobFailed(FailureCode.internal, f"{type(error).__name__}: {error}", hint)
    return Reply(id=command.id, failure=failed.to_wire())


def refusal(code: Refusal.Code, message: str) -> FromWorker:
    return FromWorker(refusal=Refusal(code=code, message=message))
