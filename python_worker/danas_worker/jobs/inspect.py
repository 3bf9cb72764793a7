"""What there is to learn from. Nothing is trained."""

from __future__ import annotations

from ..protocol.messages import Inspect, Inspected
from ..training.meter import Meter
from .workplace import Workplace


def inspect(at: Workplace, job: Inspect, meter: Meter) -> Inspected:
    return Inspected(data=at.data(job.data, meter).info)
