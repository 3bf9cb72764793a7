"""
The worker inside another program's Python (pythonia): the same protobuf bytes as over gRPC, base64 in and out of one
function. One call carries out one command: the bridge makes one call at a time anyway. Base64, because the bridge
speaks JSON, and JSON has no NaN.
"""

from __future__ import annotations

import base64
import os
import queue

from .main import make_desk
from .options import off_host
from .protocol.messages import FromWorker, Refusal, ToWorker
from .serving.desk import Desk, Outbox, refusal
from .serving.telemetry import Publisher


class Bridge:
    """a desk without threads: whoever asks also does the work"""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._out: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        self._outbox: Outbox = self._out.put

    def handle(self, message: str) -> str:
        """a ToWorker in base64; returns the FromWorker that answers it, in base64. Raises ValueError for garbage."""
        try:
            asked = ToWorker.FromString(base64.b64decode(message, validate=True))
        except Exception as error:  # protobuf's error is no ValueError
            raise ValueError(f"this is no message to a worker: {error}") from None
        return base64.b64encode(self._answer(asked).SerializeToString()).decode()

    def _answer(self, asked: ToWorker) -> FromWorker:
        if asked.WhichOneof("message") == "hello":
            # what is still said to the session before goes nowhere
            self._out = queue.SimpleQueue()
            self._outbox = self._out.put
            return self._desk.open(asked.hello, self._outbox)
        self._desk.take(asked, self._outbox)
        self._desk.work_once()
        answer = None if self._out.empty() else self._out.get()
        return answer or refusal(Refusal.protocol, "there is no session: say hello first")


def _bridge() -> Bridge:
    endpoint = os.environ.get("DANAS_TELEMETRY", "tcp://127.0.0.1:*")
    publisher = None if endpoint == "none" else Publisher(endpoint, off_host(endpoint))
    return Bridge(make_desk(os.environ.get("DANAS_ALLOW_MODULES", "").split(","), publisher, None))


_made: Bridge | None = None


def handle(message: str) -> str:
    """See Bridge. The worker is made when it is first spoken to; DANAS_ALLOW_MODULES and DANAS_TELEMETRY set it up."""
    global _made
    _made = _made or _bridge()
    return _made.handle(message)
