"""Where a job's time goes, and word of its progress."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from torch import Tensor

from .model import Stream

REPORT_EVERY_S = 0.25


@dataclass(frozen=True)
class StepProgress:
    """For live views; nothing is decided from it."""

    step: int
    """done in this job so far, of `steps`"""
    steps: int
    loss: float | None
    """of the last step; None where reading it would make the device wait"""
    samples: int
    """images of this job so far"""
    samples_per_second: float
    """since the last report"""
    data_ms: float
    """a step, mean since the last report"""
    compute_ms: float


OnProgress = Callable[[StepProgress], None]


class Meter:
    """Of one job. On CUDA the data's share is the time to launch it: nothing waits for the device before the end."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self.on_progress = on_progress
        self.steps = 0
        self.step = 0
        self.samples = 0
        self.data_s = 0.0
        self.started = perf_counter()
        self._last = (self.started, 0, 0, 0.0)

    def batch(self, stream: Stream, b: int) -> tuple[Tensor, Tensor]:
        """a batch of the stream, its time put down to data"""
        before = perf_counter()
        x_NCHW, y_N = stream.batch(b)
        self.data_s += perf_counter() - before
        self.samples += y_N.shape[0]
        return x_NCHW, y_N

    def stepped(self, loss: Tensor | None = None) -> None:
        """after each step; `loss` is read only where that costs no wait"""
        self.step += 1
        if self.on_progress is None:
            return
        now = perf_counter()
        at, step, samples, data_s = self._last
        if now - at < REPORT_EVERY_S:
            return
        value = float(loss) if loss is not None and loss.device.type == "cpu" else None
        steps = self.step - step
        data_ms = (self.data_s - data_s) * 1e3 / steps
        self._last = (now, self.step, self.samples, self.data_s)
        self.on_progress(
            StepProgress(
                self.step,
                self.steps,
                value if value is not None and math.isfinite(value) else None,
                self.samples,
                (self.samples - samples) / (now - at),
                data_ms,
                (now - at) * 1e3 / steps - data_ms,
            )
        )
