"""What stays between jobs: the run's folder, the opened data, the prepared model."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from ..protocol.failure import JobFailed
from ..protocol.messages import DataSpec, FailureCode
from ..training.meter import Meter
from ..training.model import Data, Model

OpenData = Callable[[DataSpec, frozenset[str]], Any]


class Workplace:
    def __init__(self, run_folder: Path, allow_modules: frozenset[str], open_data: OpenData | None) -> None:
        self.run_folder = run_folder
        self.allow_modules = allow_modules
        self._open_data = open_data
        self._data: tuple[DataSpec, Data] | None = None
        self.model: Model | None = None

    def prepared(self) -> Model:
        if self.model is None:
            raise JobFailed(FailureCode.invalid_job, "there is no model yet", "send a prepare job first")
        return self.model

    def data(self, spec: DataSpec, meter: Meter) -> Data:
        """opened once for as long as the same data is asked for"""
        if self._data is None or self._data[0] != spec:
            self._data = None
            before = perf_counter()
            self._data = (spec, self._opener()(spec, self.allow_modules))
            meter.data_s += perf_counter() - before
        return self._data[1]

    def forget_model(self) -> None:
        if self.model is not None:
            self.model = None
            self.tidy()

    def close(self) -> None:
        """Forgets model and data."""
        self.model = None
        self._data = None
        self.tidy()

    def tidy(self) -> None:
        """drops what a failed job left behind: gradients, and memory held by cycles and caches"""
        if self.model is not None:
            for parameter in self.model.supernet.parameters():
                parameter.grad = None
        gc.collect()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            with contextlib.suppress(RuntimeError):
                torch.cuda.empty_cache()

    def as_written(self) -> contextlib.AbstractContextManager[object]:
        """within, nothing is compiled: for what does not train it would cost more than it saves"""
        compiled = self.model is not None and self.model.compute.compile
        return torch.compiler.set_stance("force_eager") if compiled else contextlib.nullcontext()

    def _opener(self) -> OpenData:
        if self._open_data is None:
            from ..data import open_data

            self._open_data = open_data
        return self._open_data
