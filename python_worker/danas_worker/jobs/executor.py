"""Carries out jobs one after another. Not for several threads at once."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from . import checkpoint, words
from .bn_scales import bn_scales
from .evaluate import evaluate
from .export import export
from .gates import gates
from .meter import Meter, OnProgress, StepProgress
from .model import Data, Model
from .prepare import prepare
from .restrict import restrict
from .room import fitting
from .score import score
from .train import train

__all__ = ["Executor", "StepProgress"]

OpenData = Callable[[words.DataSpec, frozenset[str]], Any]


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
        self.run_folder = run_folder
        self.allow_modules = allow_modules
        self.on_progress = on_progress
        self._open_data = open_data
        self._data: tuple[words.DataSpec, Data] | None = None
        self.model: Model | None = None

    def execute(self, job: words.Job) -> tuple[words.Signal, words.Timing]:
        """
        Raises JobFailed. The timing's wait is 0: the time before a job came is known to whoever waited. What is not
        data is computing, everything but opening and fetching images.
        """
        meter = Meter(self.on_progress)
        failed: words.JobFailed | None = None
        try:
            signal = self._carry_out(job, meter)
        except words.JobFailed as error:
            failed = error
        except ValueError as error:
            failed = words.JobFailed("invalid-job", str(error))
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            failed = words.JobFailed("out-of-memory", _first_line(error))
        if failed is not None:
            # outside the handler: there the traceback would still hold the failed step's tensors
            self._tidy()
            if failed.code == "out-of-memory" and not failed.hint:
                failed.hint = self._memory_hint(job)
                self._tidy()
            raise failed
        total = perf_counter() - meter.started
        return signal, words.Timing(total * 1e3, meter.data_s * 1e3, (total - meter.data_s) * 1e3, 0.0)

    def close(self) -> None:
        """Forgets model and data."""
        self.model = None
        self._data = None
        self._tidy()

    def _carry_out(self, job: words.Job, meter: Meter) -> words.Signal:
        match job:
            case words.Inspect():
                return words.Inspected(self._data_of(job.data, meter).info)
            case words.Prepare():
                if self.model is not None:
                    # before the new one is built: both might not fit
                    self.model = None
                    self._tidy()
                self.model, prepared = prepare(job, self._data_of(job.data, meter))
                return prepared
            case words.Train():
                return train(self._prepared(), job, meter)
            case words.Gates():
                return gates(self._prepared(), job, meter)
        # what does not train runs as it is written: compiling for it would cost more than it saves
        with torch.compiler.set_stance("force_eager") if self._compiled() else contextlib.nullcontext():
            match job:
                case words.Score():
                    return score(self._prepared(), job, meter)
                case words.Evaluate():
                    return evaluate(self._prepared(), job, meter)
                case words.BnScales():
                    return bn_scales(self._prepared())
                case words.Restrict():
                    return restrict(self._prepared(), job)
                case words.Export():
                    return export(self._prepared(), job, self.run_folder)
                case words.Checkpoint():
                    return checkpoint.write(self._prepared(), job, self.run_folder)
                case words.Restore():
                    return checkpoint.read(self._prepared(), job, self.run_folder)
        raise words.JobFailed("unsupported", f"this worker does not know the job {type(job).__name__}")

    def _prepared(self) -> Model:
        if self.model is None:
            raise words.JobFailed("invalid-job", "there is no model yet", "send a prepare job first")
        return self.model

    def _compiled(self) -> bool:
        return self.model is not None and self.model.compute.compile

    def _data_of(self, spec: words.DataSpec, meter: Meter) -> Data:
        """opened once for as long as the same data is asked for"""
        if self._data is None or self._data[0] != spec:
            self._data = None
            before = perf_counter()
            self._data = (spec, self._opener()(spec, self.allow_modules))
            meter.data_s += perf_counter() - before
        return self._data[1]

    def _opener(self) -> OpenData:
        if self._open_data is None:
            from .data import open_data

            self._open_data = open_data
        return self._open_data

    def _tidy(self) -> None:
        """drops what a failed job left behind: gradients, and memory held by cycles and caches"""
        if self.model is not None:
            for parameter in self.model.supernet.parameters():
                parameter.grad = None
        gc.collect()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            with contextlib.suppress(RuntimeError):
                torch.cuda.empty_cache()

    def _memory_hint(self, job: words.Job) -> str:
        stream = getattr(job, "stream", None)
        if self.model is None or not isinstance(stream, str):
            return "use a smaller space or a smaller batch"
        size_of = {spec.name: spec.batch_size for spec in self.model.job.streams}
        # an evaluation reads two streams: the one with the larger batches is at fault
        if isinstance(job, words.Evaluate) and job.recalibrate_batches > 0:
            stream = max(stream, job.recalibrate_stream, key=lambda name: size_of[name])
        size = size_of[stream]
        with torch.compiler.set_stance("force_eager") if self._compiled() else contextlib.nullcontext():
            fits = fitting(self.model, job, size, _out_of_memory)
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
