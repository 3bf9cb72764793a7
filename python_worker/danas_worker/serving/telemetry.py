"""
Telemetry: lossy frames on a ZeroMQ PUB socket. Nothing is decided from them, so nothing here may stop a job.

Where other hosts can reach the socket it speaks CURVE: frames are encrypted to their watcher, who knows the worker by
the public key in the welcome and is let in by the public key in its hello. Both went over gRPC, behind TLS and token.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable

import torch
import zmq
from zmq.auth.thread import ThreadAuthenticator

from ..protocol.messages import Frame, LogFrame, StepFrame
from ..training.meter import OnProgress, StepProgress

HIGH_WATER_MARK = 100
"""frames kept for a slow watcher; what comes on top is dropped"""

KEY = 40
"""characters of a CURVE key in Z85"""

KEYS = 64
"""watchers let in; the oldest is forgotten first"""

log = logging.getLogger("danas.telemetry")

Now = Callable[[], tuple[str, str, str, float]]
"""run, command id, job kind, and how long the worker waited for the command (ms)"""


class Publisher:
    """Sends frames, never waits, never raises. From any thread: log lines come from all of them."""

    def __init__(self, endpoint: str, curve: bool = False) -> None:
        """
        `endpoint`: as ZeroMQ writes them, `tcp://127.0.0.1:*` picks a port. `curve`: encrypted, and only for
        keys that were admitted. Raises zmq.ZMQError.
        """
        self._context = zmq.Context()
        self._doorkeeper: Doorkeeper | None = None
        self.key = ""
        """the public key, Z85; empty = not encrypted"""
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.IPV6, int("[" in endpoint))
        self._lock = threading.Lock()
        self.endpoint = ""
        try:
            if curve:
                public, secret = zmq.curve_keypair()
                self._socket.curve_secretkey = secret
                self._socket.curve_publickey = public
                self._socket.curve_server = True
                # before the bind: without someone at the door ZeroMQ lets every key in
                self._doorkeeper = Doorkeeper(self._context)
                self.key = public.decode()
            self._socket.bind(endpoint)
        except zmq.ZMQError:
            self.close()
            raise
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def admit(self, key: str) -> None:
        """lets a watcher with this public key in, from now on"""
        if self._doorkeeper:
            self._doorkeeper.admit(key)

    def send(self, frame: Frame) -> None:
        """two parts: the run's name as the topic, the frame"""
        try:
            with self._lock:
                self._socket.send_multipart([frame.run.encode(), frame.SerializeToString()], zmq.NOBLOCK)
        except Exception as error:  # whatever it is, the job matters more
            log.debug("a telemetry frame was dropped: %s", error)

    def close(self) -> None:
        """also removes the file of an ipc endpoint"""
        with contextlib.suppress(zmq.ZMQError):
            self._socket.close(linger=0)
            if self._doorkeeper:
                self._doorkeeper.close()
                self._doorkeeper = None
            self._context.term()
        with contextlib.suppress(OSError):
            if self.endpoint.startswith("ipc:///"):
                os.unlink(self.endpoint.removeprefix("ipc://"))


class Doorkeeper:
    """who may watch: ZeroMQ asks for each connection (ZAP), and what is not admitted is turned away"""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._keys: OrderedDict[bytes, None] = OrderedDict()
        self._authenticator = ThreadAuthenticator(context, log=log)
        self._authenticator.start()
        self._authenticator.configure_curve_callback("*", self)

    def admit(self, key: str) -> None:
        if len(key) == KEY and key.isascii():
            self._keys[key.encode()] = None
            self._keys.move_to_end(key.encode())
            while len(self._keys) > KEYS:
                self._keys.popitem(last=False)

    def callback(self, domain: str, key: bytes) -> bool:
        """asked by pyzmq, on its thread"""
        return key in self._keys

    def close(self) -> None:
        self._authenticator.stop()


def watched(publisher: Publisher | None, now: Now) -> OnProgress | None:
    """a progress callback that publishes; who calls it sees to it that it is not called too often"""
    if publisher is None:
        return None

    def on_progress(progress: StepProgress) -> None:
        try:
            run, command, job, wait_ms = now()
            # the wait was for the whole job: a step's share of it
            publisher.send(step_frame(run, command, job, progress, wait_ms / max(1, progress.steps)))
        except Exception as error:
            log.debug("no telemetry: %s", error)

    return on_progress


class LogFrames(logging.Handler):
    """what the worker logs while a run is served, to its watchers too"""

    def __init__(self, publisher: Publisher, run: Callable[[], str]) -> None:
        super().__init__(logging.INFO)
        self._publisher = publisher
        self._run = run

    def emit(self, record: logging.LogRecord) -> None:
        run = self._run()
        if run and record.name != log.name:
            with contextlib.suppress(Exception):
                level = "warn" if record.levelno >= logging.WARNING else "info"
                frame = LogFrame(level=level, message=record.getMessage())
                self._publisher.send(Frame(run=run, log=frame))


def step_frame(run: str, command: str, job: str, progress: StepProgress, wait_ms: float) -> Frame:
    number = command.rsplit("-", 1)[-1]
    step = StepFrame(
        job_id=int(number) if number.isdecimal() else 0,
        job=job.replace("_", "-"),  # the kinds as TypeScript spells them
        step=progress.step,
        steps=progress.steps,
        samples_per_second=progress.samples_per_second,
        data_ms=progress.data_ms,
        compute_ms=progress.compute_ms,
        wait_ms=wait_ms,
        memory_bytes=memory_bytes(),
    )
    if progress.loss is not None:
        step.loss = progress.loss
    return Frame(run=run, step=step)


def memory_bytes() -> int:
    """what the device holds for us; on the CPU the process's peak resident size"""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return int(torch.cuda.memory_allocated())
    try:
        import resource
        import sys

        peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    except ImportError:  # not on Windows
        return 0
