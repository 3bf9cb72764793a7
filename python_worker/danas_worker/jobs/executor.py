"""Carries out jobs one after another. Not for several threads at once."""

from __future__ import annotations

import contextlib
from pathlib import Path
from time import perf_counter

import torch
from google.protobuf.message import Message

from ..protocol.failure import JobFailed
from ..protocol.messages import FailureCode, Timing
from ..training.meter import Meter, OnProgress
from ..training.model import Model
from .fitting import fitting
from .kinds import JOB_KINDS
from .workplace import OpenData, Workplace


class Executor:
    """
    Holds the data and the model between jobs. A job that cannot be done raises JobFailed and leaves the executor fit
    for the next one: a prepare that failed leaves no model, any other job the model it found (train: as far as it got).
    """

    def __init__(
        self,
        run_folder: Path,
        allow_modules: frozenset[str] = frozenset(),
        on_progress: OnProgress | None = None,
        open_data: OpenData | None = None,
    ) -> None:
        """`open_data`: in place of danas_worker.data.open_data, for tests"""
        self.on_progress = on_progress
        self._at = Workplace(run_folder, allow_modules, open_data)

    @property
    def model(self) -> Model | None:
        return self._at.model

    def execute(self, job: Message) -> tuple[Message, Timing]:
        """
        `job`: one of Command's, found sound; the answer is Reply's of the same name. Raises JobFailed. The timing's
        wait is 0: the time before a job came is known to whoever waited. What is not data is computing, everything but
        opening and fetching images.
        """
        meter = Meter(self.on_progress)
        failed: JobFailed | None = None
        try:
            answer = self._carry_out(job, meter)
        except JobFailed as error:
            failed = error
        except ValueError as error:
            failed = JobFailed(FailureCode.invalid_job, str(error))
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            failed = JobFailed(FailureCode.out_of_memory, _first_line(error))
        if failed is not None:
            # outside the handler: there the traceback would still hold the failed step's tensors
            self._at.tidy()
            if failed.code == FailureCode.out_of_memory and not failed.hint:
                failed.hint = self._memory_hint(job)
                self._at.tidy()
            raise failed
        total = perf_counter() - meter.started
        data = meter.data_s
        return answer, Timing(total_ms=total * 1e3, data_ms=data * 1e3, compute_ms=(total - data) * 1e3)

    def close(self) -> None:
        """Forgets model and data."""
        self._at.close()

    def _carry_out(self, job: Message, meter: Meter) -> Message:
        kind = JOB_KINDS.get(type(job))
        if kind is None:
            raise JobFailed(FailureCode.unsupported, f"this worker does not know the job {type(job).__name__}")
        with contextlib.nullcontext() if kind.compiled else self._at.as_written():
            return kind.carry_out(self._at, job, meter)

    def _memory_hint(self, job: Message) -> str:
        load_of = JOB_KINDS[type(job)].load
        if self.model is None or load_of is None:
            return "use a smaller space or a smaller batch"
        load = load_of(job)
        size_of = {spec.name: spec.batch_size for spec in self.model.job.streams}
        # where a job reads two streams, the one with the larger batches is at fault
        stream = max(load.streams, key=lambda name: size_of[name])
        size = size_of[stream]
        with self._at.as_written():
            fits = fitting(self.model, load, size, _out_of_memory)
        had = f"stream {stream!r} has {size} images a batch"
        if fits is None:
            return f"{had}, and not even one fits: use a smaller space, a smaller input, or bfloat16"
        return f"use a batch of {fits}: {had}, and {fits} were tried just now and fit"


def _out_of_memory(error: BaseException) -> bool:
    # on the CPU torch says so in a plain RuntimeError
    text = str(error)
    return (
        isinstance(error, MemoryError | torch.cuda.OutOfMemoryError)
        or "can't allocate memory" in text
        or "CUDNN_STATUS_ALLOC_FAILED" in text
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
