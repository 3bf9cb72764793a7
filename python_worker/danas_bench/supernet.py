"""
Times a path of a supernet against the same network alone: ``python -m danas_bench.supernet``; see
src/bench/supernet.ts.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from google.protobuf.message import Message

from danas_worker.jobs.executor import Executor
from danas_worker.protocol.checks import job_of
from danas_worker.protocol.messages import Command, Prepared, Train, Trained


def supernet() -> None:
    """
    A dialogue. A line of four base64 commands: the prepare of a supernet and of a network alone (the same seed, so the
    same weights), the network's train job inside the supernet and alone. It is answered by a line of JSON.
    """
    with tempfile.TemporaryDirectory() as folder:
        inside, alone = Executor(Path(folder)), Executor(Path(folder))
        for line in sys.stdin:
            prepare_inside, prepare_alone, train_inside, train_alone = (_job(text) for text in line.split())
            inside.execute(prepare_inside)
            prepared, _ = alone.execute(prepare_alone)
            assert isinstance(prepared, Prepared)
            print(
                json.dumps({**_compare(inside, train_inside, alone, train_alone), "device": prepared.device}),
                flush=True,
            )


def _compare(inside: Executor, train_inside: Message, alone: Executor, train_alone: Message) -> dict[str, float]:
    """in turn, order swapped, after one round that warms both up and is compared instead of timed"""
    assert isinstance(train_inside, Train)
    _, losses_inside = _carry_out(inside, train_inside)
    _, losses_alone = _carry_out(alone, train_alone)
    seconds = {"supernet": 0.0, "alone": 0.0}
    rounds = 4
    for index in range(rounds):
        pair = [("supernet", inside, train_inside), ("alone", alone, train_alone)]
        for name, executor, job in pair if index % 2 == 0 else reversed(pair):
            taken, _ = _carry_out(executor, job)
            seconds[name] += taken
    first_inside, first_alone = losses_inside[0], losses_alone[0]
    return {
        **seconds,
        "steps": rounds * len(train_inside.steps),
        "difference": abs(first_inside - first_alone) / max(abs(first_alone), 1e-9),
    }


def _carry_out(executor: Executor, job: Message) -> tuple[float, list[float]]:
    """seconds, and the losses of a train job"""
    started = perf_counter()
    answer, _ = executor.execute(job)
    taken = perf_counter() - started
    return taken, list(answer.losses) if isinstance(answer, Trained) else []


def _job(text: str) -> Message:
    return job_of(Command.FromString(base64.b64decode(text)))


if __name__ == "__main__":
    supernet()
