"""A served desk without a model, and the orchestrator's side of its streams."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import sample
from google.protobuf.message import Message

from danas_worker.protocol import messages as pb
from danas_worker.serving.desk import Desk
from danas_worker.serving.server import serve

METHOD = "/danas.v1.Worker/Session"
WAIT_S = 10


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
        self.made: list[sample.FakeExecutor] = []
        self.before: Callable[[Message], None] = lambda job: None
        desk_given = {name: given.pop(name) for name in ("lease_s",) if name in given}
        self.desk = Desk(self._make, None, "", **desk_given)
        listen = given.pop("listen", f"unix:{folder}/s")
        self.server, self.address = serve(self.desk, listen, **given)
        self.thread = threading.Thread(target=self.desk.work)
        self.thread.start()
        self.channels: list[grpc.Channel] = []

    def _make(self, folder: Path) -> sample.FakeExecutor:
        executor = sample.FakeExecutor(folder)
        executor.before = lambda job: self.before(job)
        self.made.append(executor)
        return executor

    def stream(self, **given: Any) -> Stream:
        """over a connection of its own"""
        self.channels.append(grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)]))
        return Stream(self.channels[-1], **given)

    def session(self, run: str = "run", incarnation: int = 1) -> Stream:
        stream = self.stream()
        stream.send(sample.hello(run, incarnation))
        answer = stream.hear()
        assert answer.WhichOneof("message") == "welcome", answer
        return stream

    def refused(self, run: str = "run", incarnation: int = 1, **hello: Any) -> str:
        stream = self.stream()
        stream.send(sample.hello(run, incarnation, **hello))
        (answer,) = stream.rest()
        return sample.refused(answer)

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
