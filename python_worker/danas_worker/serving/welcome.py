"""What a worker says of itself."""

from __future__ import annotations

import os
import platform
import socket
from functools import cache
from importlib import metadata

import torch

from .. import __version__
from ..protocol.messages import Welcome

PROTOCOL = 2


def welcome(telemetry: str, telemetry_key: str = "") -> Welcome:
    """`telemetry`: endpoint, empty = none; `telemetry_key`: its CURVE public key in Z85, empty = not encrypted"""
    return Welcome(
        protocol=PROTOCOL,
        worker_version=__version__,
        python_version=platform.python_version(),
        torch_version=str(torch.__version__),
        host=socket.gethostname(),
        pid=os.getpid(),
        devices=devices(),
        telemetry=telemetry,
        telemetry_key=telemetry_key,
        mock=False,
        versions=versions(),
    )


@cache
def versions() -> dict[str, str]:
    """of what decides the numbers"""
    found = {"python": platform.python_version(), "danas_worker": __version__, "torch": str(torch.__version__)}
    for name in ("torchvision", "numpy", "pillow", "grpcio", "protobuf"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if torch.version.cuda:
        found |= {"cuda": torch.version.cuda, "cudnn": str(torch.backends.cudnn.version())}
    return found


@cache
def devices() -> tuple[str, ...]:
    cuda = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    return (f"cpu {os.cpu_count()} cores", *(f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in cuda))
