"""Every kind of job that this worker can do, and what must be known of it besides: the one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from ..protocol import messages
from ..training.meter import Meter
from .bn_scales import bn_scales
from .checkpoint import restore, write
from .evaluate import evaluate, load_of_evaluate
from .export import export
from .fitting import Load
from .gates import gates, load_of_gates
from .inspect import inspect
from .prepare import prepare
from .restrict import restrict
from .score import load_of_score, score
from .train import load_of_train, train
from .workplace import Workplace


@dataclass(frozen=True)
class JobKind:
    carry_out: Callable[[Workplace, Any, Meter], Message]
    """Returns the answer that Reply has for it. Raises JobFailed, or ValueError where the job makes no sense."""
    load: Callable[[Any], Load] | None = None
    """of a job that goes through the model batch by batch: what to try again where memory ran out"""
    compiled: bool = False
    """may run compiled"""


JOB_KINDS: dict[type[Message], JobKind] = {
    messages.Inspect: JobKind(inspect),
    messages.Prepare: JobKind(prepare, compiled=True),
    messages.Train: JobKind(train, load_of_train, compiled=True),
    messages.Gates: JobKind(gates, load_of_gates, compiled=True),
    messages.Score: JobKind(score, load_of_score),
    messages.Evaluate: JobKind(evaluate, load_of_evaluate),
    messages.BnScales: JobKind(bn_scales),
    messages.Restrict: JobKind(restrict),
    messages.Export: JobKind(export),
    messages.Checkpoint: JobKind(write),
    messages.Restore: JobKind(restore),
}
