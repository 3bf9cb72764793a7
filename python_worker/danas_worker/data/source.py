"""What every kind of source gives: class names, and one pool of labelled images per split that it has."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..protocol.failure import JobFailed
from ..protocol.messages import FailureCode
from .images import Images


@dataclass(frozen=True)
class Pool:
    """images with their labels, in a fixed order"""

    images: Images
    y_N: Tensor
    """int64, positions in the source's classes"""


@dataclass(frozen=True)
class Source:
    classes: tuple[str, ...]
    pools: dict[str, Pool]
    """by split (train, valid, test); `train` is always there"""


def data_error(message: str, hint: str = "") -> JobFailed:
    return JobFailed(FailureCode.data, message, hint)
