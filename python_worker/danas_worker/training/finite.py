"""No NaN leaves the worker: a signal is plain JSON on the other side."""

from __future__ import annotations

import math

from ..protocol.failure import JobFailed
from ..protocol.messages import FailureCode


def finite(values: list[float], what: str) -> list[float]:
    """The values as they are. Raises JobFailed non_finite where one is not."""
    for value in values:
        if not math.isfinite(value):
            hint = "the weights have diverged: go on from the last checkpoint with a lower learning rate"
            raise JobFailed(FailureCode.non_finite, f"{what} became {value}", hint)
    return values
