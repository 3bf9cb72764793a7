"""
What the benches need of Python; see src/bench/overhead.ts and src/bench/supernet.ts.

``python -m danas_worker.bench worker …``   a worker like any other, with the arguments of ``danas_worker``, that on
                                            request runs the train jobs it was sent once more, in a bare loop
``python -m danas_worker.bench supernet``   times a path of a supernet against the same network alone
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections import deque
from pathlib import Path
from time import perf_counter, perf_counter_ns

from . import wire, words
from .executor import Executor
from .generated.danas.v1 import job_pb2

BARE = "bench/bare/"
"""an export into this folder, a number behind it, asks for the last so many train jobs in a bare loop"""


def add_bare_loop() -> None:
    """
    Teaches every Executor of this process the bare loop: same object, same model, same thread, same `execute`, only
    without anything around it. The answer is an export of one file whose size is the time taken.
    """
    execute = Executor.execute
    seen: deque[words.Train] = deque(maxlen=1_000)

    def execute_or_bare(self: Executor, job: words.Job) -> tuple[words.Signal, words.Timing]:
        if isinstance(job, words.Export) and job.folder.startswith(BARE):
            jobs = list(seen)[-int(job.folder.removeprefix(BARE)) :]
            started = perf_counter_ns()
            for train in jobs:
                execute(self, train)
            taken = perf_counter_ns() - started
            return words.Exported((words.ExportedFile("nanoseconds", taken, ""),)), words.Timing(taken / 1e6, 0, 0, 0)
        if isinstance(job, words.Train):
            seen.append(job)
        return execute(self, job)

    Executor.execute = execute_or_bare  # type: ignore[method-assign]


def supernet() -> None:
    """
    A dialogue. A line of four base64 jobs: the prepare of a supernet and of a network alone (the same seed, so the same
    weights), the network's train job inside the supernet and alone. It is answered by a line of JSON.
    """
    with tempfile.TemporaryDirectory() as folder:
        inside, alone = Executor(Path(folder)), Executor(Path(folder))
        for line in sys.stdin:
            prepare_inside, prepare_alone, train_inside, train_alone = (_job(text) for text in line.split())
            inside.execute(prepare_inside)
            prepared, _ = alone.execute(prepare_alone)
            assert isinstance(prepared, words.Prepared)
            print(
                json.dumps({**_compare(inside, train_inside, alone, train_alone), "device": prepared.device}),
                flush=True,
            )


def _compare(inside: Executor, train_inside: words.Job, alone: Executor, train_alone: words.Job) -> dict[str, float]:
    """in turn, order swapped, after one round that warms both up and is compared instead of timed"""
    assert isinstance(train_inside, words.Train)
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


def _carry_out(executor: Executor, job: words.Job) -> tuple[float, tuple[float, ...]]:
    """seconds, and the losses of a train job"""
    started = perf_counter()
    signal, _ = executor.execute(job)
    taken = perf_counter() - started
    return taken, signal.losses if isinstance(signal, words.Trained) else ()


def _job(text: str) -> words.Job:
    return wire.job_from_wire(job_pb2.Job.FromString(base64.b64decode(text)))


def main() -> None:
    match sys.argv[1:]:
        case ["worker", *arguments]:
            from .main import main as worker_main

            add_bare_loop()
            worker_main(arguments)
        case ["supernet"]:
            supernet()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
