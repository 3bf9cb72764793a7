"""
The worker inside another program's Python (pythonia): the same protobuf bytes as over gRPC, base64 in and out of one
function. One call carries out one command: the bridge makes one call at a time anyway.
"""

from __future__ import annotations

import base64
import os
import queue

from .desk import Desk, log_to_stderr
from .generated.danas.v1 import worker_pb2
from .main import executor_maker
from .telemetry import Publisher

_out: queue.SimpleQueue[worker_pb2.FromWorker | None] = queue.SimpleQueue()


def _outbox(message: worker_pb2.FromWorker | None) -> None:
    _out.put(message)


def _make_desk() -> Desk:
    log_to_stderr()
    allowed = frozenset(filter(None, os.environ.get("DANAS_ALLOW_MODULES", "").split(",")))
    endpoint = os.environ.get("DANAS_TELEMETRY", "tcp://127.0.0.1:*")
    publisher = None if endpoint == "none" else Publisher(endpoint)
    desk: Desk
    desk = Desk(executor_maker(allowed, publisher, lambda: desk.now()), None, publisher.endpoint if publisher else "")
    return desk


_desk = _make_desk()


def handle(message: str) -> str:
    """a ToWorker in base64; returns the FromWorker that answers it, in base64"""
    asked = worker_pb2.ToWorker.FromString(base64.b64decode(message))
    if asked.WhichOneof("message") == "hello":
        answer = _desk.open(asked.hello, _outbox)
    else:
        _desk.take(asked, _outbox)
        _desk.work_once()
        told = _out.get_nowait()
        assert told is not None
        answer = told
    return base64.b64encode(answer.SerializeToString()).decode()
