"""Where and in which precision a model is computed."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

import torch

from ..protocol.failure import JobFailed
from ..protocol.messages import ComputeSpec, FailureCode, Precision

SHORT = {Precision.bfloat16: torch.bfloat16, Precision.float16: torch.float16}


@dataclass(frozen=True)
class Compute:
    device: torch.device
    dtype: torch.dtype | None
    """of autocast; None = float32"""
    channels_last: bool
    compile: bool

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        if self.dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format

    @property
    def name(self) -> str:
        if self.device.type != "cuda":
            return self.device.type
        return f"{self.device} {torch.cuda.get_device_name(self.device)}"


def set_up(spec: ComputeSpec) -> Compute:
    """
    Settles the device and what is global to the process: threads and determinism.

    On the CPU torch is deterministic for a given number of threads as it is. On CUDA, cuDNN is held to its
    deterministic algorithms and does not time them against each other (which would choose differently from run to
    run); together with the pooling as a mean, the forward and backward passes here have no atomics left.
    torch.use_deterministic_algorithms stays off: it fills every fresh tensor, and forbids integer atomics, which do no
    harm.

    Raises JobFailed unsupported where the machine cannot do it.
    """
    cuda = torch.cuda.is_available()
    if spec.device == ComputeSpec.cuda and not cuda:
        hint = 'set compute.device to "auto" or "cpu"'
        raise JobFailed(FailureCode.unsupported, "this worker has no CUDA device", hint)
    device = torch.device("cuda:0" if cuda and spec.device != ComputeSpec.cpu else "cpu")
    if spec.precision == Precision.float16 and device.type == "cpu":
        raise JobFailed(FailureCode.unsupported, "float16 is not for the CPU", 'use "float32", or "bfloat16"')
    torch.set_num_threads(spec.threads or os.cpu_count() or 1)
    if device.type == "cuda":
        # cuBLAS reads it when it starts; without it, its workspaces may be picked differently from run to run
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    if spec.compile:
        _try_compile(device)
    return Compute(device, SHORT.get(spec.precision), spec.channels_last, spec.compile)


def _try_compile(device: torch.device) -> None:
    """compiles something small now: without a compiler it would fail in the middle of the first step"""
    try:
        compiled = torch.compile(lambda x: torch.relu(x * 2.0 + 1.0).sum())
        compiled(torch.ones(8, device=device, requires_grad=True)).backward()
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        message = f"torch.compile does not work here: {first}"
        hint = "set compute.compile to false, or install a C++ compiler"
        raise JobFailed(FailureCode.unsupported, message, hint) from None
