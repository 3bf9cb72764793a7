"""A served desk with a stand-in for Executor, and the orchestrator's side of its streams."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import grpc
from google.protobuf.message import Message

from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed
from danas_worker.serving.desk import Desk
from danas_worker.serving.server import serve

METHOD = "/danas.v1.Worker/Session"
WAIT_S = 10


class FakeExecutor:
    """Answers a train job with its learning rates as losses; what it does besides may be set by a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.executed: list[Message] = []
        self.closed = False
        self.before: Callable[[Message], None] = lambda job: None

    def execute(self, job: Message) -> tuple[Message, pb.Timing]:
        assert not self.closed
        self.executed.append(job)
        self.before(job)
        if not isinstance(job, pb.Train):
            raise JobFailed(pb.FailureCode.unsupported, "a fake only trains")
        losses = [step.learning_rate for step in job.steps]
        answer = pb.Trained(losses=losses, accuracies=[0.5] * len(losses), samples=len(losses))
        return answer, pb.Timing(total_ms=3.0, data_ms=1.0, compute_ms=2.0)

    def close(self) -> None:
        self.closed = True


class Gate:
    """holds the worker inside a job until it is let go"""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()

    def __call__(self, job: Message) -> None:
        self.entered.set()
        assert self.leave.wait(10)


class Stream:
    """the orchestrator's side of one stream"""

    def __init__(self, channel: grpc.Channel, metadata: list[tuple[str, str]] | None = None) -> None:
        call = channel.stream_stream(METHOD, lambda m: m.SerializeToString(), pb.FromWorker.FromString)
        self._out: queue.SimpleQueue[pb.ToWorker | None] = queue.SimpleQueue()
        self.call = call(iter(self._out.get, None), timeout=WAIT_S, metadata=metadata)

    def send(self, *messages: pb.ToWorker) -> None:
        for message in messages:
            self._out.put(message)

    def end(self) -> None:
        self._out.put(None)

    def goodbye(self) -> None:
        self.send(pb.ToWorker(goodbye=pb.Goodbye()))
        self.end()

    def hear(self) -> pb.FromWorker:
        return next(self.call)

    def hear_reply(self) -> pb.Reply:
        message = self.hear()
        assert message.WhichOneof("message") == "reply", message
        return message.reply

    def rest(self) -> list[pb.FromWorker]:
        """what comes until the other side ends the stream in order"""
        return list(self.call)


class House:
    """a served desk whose work is done on a thread of its own"""

    def __init__(self, folder: Path, **given: Any) -> None:
        self.made: list[FakeExecutor] = []
        self.before: Callable[[Message], None] = lambda job: None
        desk_given = {name: given.pop(name) for name in ("lease_s",) if name in given}
        self.desk = Desk(self._make, None, "", **desk_given)
        listen = given.pop("listen", f"unix:{folder}/s")
        self.server, self.address = serve(self.desk, listen, **given)
        self.thread = threading.Thread(target=self.desk.work)
        self.thread.start()
        self.channels: list[grpc.Channel] = []

    def _make(self, folder: Path) -> FakeExecutor:
        executor = FakeExecutor(folder)
        executor.before = lambda job: self.before(job)
        self.made.append(executor)
        return executor

    def stream(self, **given: Any) -> Stream:
        """over a connection of its own"""
        self.channels.append(grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)]))
        return Stream(self.channels[-1], **given)

    def session(self, run: str = "run", incarnation: int = 1) -> Stream:
        stream = self.stream()
        stream.send(commands.hello(run, incarnation))
        answer = stream.hear()
        assert answer.WhichOneof("message") == "welcome", answer
        return stream

    def refused(self, run: str = "run", incarnation: int = 1, **hello: Any) -> str:
        stream = self.stream()
        stream.send(commands.hello(run, incarnation, **hello))
        (answer,) = stream.rest()
        return commands.refused(answer)

    @property
    def executed(self) -> int:
        return sum(len(executor.executed) for executor in self.made)

    def close(self) -> None:
        for channel in self.channels:
            channel.close()
        self.desk.stop()
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()
        assert self.server.stop(0).wait(WAIT_S)
