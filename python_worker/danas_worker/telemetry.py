"""Telemetry: lossy frames on a ZeroMQ PUB socket. Nothing is decided from them, so nothing here may stop a job."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

import torch
import zmq

from .executor import StepProgress
from .generated.danas.v1 import telemetry_pb2

HIGH_WATER_MARK = 100
"""frames kept for a slow watcher; older ones are dropped"""

log = logging.getLogger("danas.worker")


class Publisher:
    """Call it from one thread only."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint`: as ZeroMQ writes them, `tcp://127.0.0.1:*` picks a port. Raises zmq.ZMQError."""
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(endpoint)
        self.endpoint: str = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def send(self, frame: telemetry_pb2.Frame) -> None:
        try:
            self._socket.send_multipart([frame.run.encode(), frame.SerializeToString()], zmq.NOBLOCK)
        except (zmq.ZMQError, ValueError) as error:
            log.debug("a telemetry frame was dropped: %s", error)

    def close(self) -> None:
        with contextlib.suppress(zmq.ZMQError):
            self._socket.close()


def step_frame(run: str, command: str, job: str, progress: StepProgress, wait_ms: float) -> telemetry_pb2.Frame:
    number = command.rsplit("-", 1)[-1]
    step = telemetry_pb2.StepFrame(
        job_id=int(number) if number.isdigit() else 0,
        job=job,
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
    return telemetry_pb2.Frame(run=run, step=step)


def memory_bytes() -> int:
    """what the device holds for us; on the CPU the process's peak resident size"""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return int(torch.cuda.memory_allocated())
    try:
        import resource

        peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * 1024
    except ImportError:  # not on Windows
        return 0


SendProgress = Callable[[StepProgress], None]


def watched(publisher: Publisher | None, now: Callable[[], tuple[str, str, str, float]]) -> SendProgress | None:
    """a progress callback that publishes; `now` tells run, command id, job kind and wait (ms a step)"""
    if publisher is None:
        return None

    def on_progress(progress: StepProgress) -> None:
        try:
            run, command, job, wait_ms = now()
            # the wait was for the whole job: a step's share of it
            publisher.send(step_frame(run, command, job, progress, wait_ms / max(1, progress.steps)))
        except Exception as error:  # whatever it is, the job matters more
            log.debug("no telemetry: %s", error)

    return on_progress
