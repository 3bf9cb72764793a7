"""
A worker like any other, with the arguments of ``danas_worker``, that on request runs the train jobs it was sent once
more, in a bare loop: ``python -m danas_bench.bare_loop …``; see src/bench/overhead.ts.
"""

from __future__ import annotations

import sys
from collections import deque
from time import perf_counter_ns

from google.protobuf.message import Message

from danas_worker.jobs.executor import Executor
from danas_worker.main import main
from danas_worker.protocol.messages import Export, Exported, ExportedFile, Timing, Train

BARE = "bench/bare/"
"""an export into this folder, a number behind it, asks for the last so many train jobs in a bare loop"""


def add_bare_loop() -> None:
    """
    Teaches every Executor of this process the bare loop: same object, same model, same thread, same `execute`, only
    without anything around it. The answer is an export of one file whose size is the time taken.
    """
    execute = Executor.execute
    seen: deque[Train] = deque(maxlen=1_000)

    def execute_or_bare(self: Executor, job: Message) -> tuple[Message, Timing]:
        if isinstance(job, Export) and job.folder.startswith(BARE):
            jobs = list(seen)[-int(job.folder.removeprefix(BARE)) :]
            started = perf_counter_ns()
            for train in jobs:
                execute(self, train)
            taken = perf_counter_ns() - started
            return Exported(files=[ExportedFile(path="nanoseconds", bytes=taken)]), Timing(total_ms=taken / 1e6)
        if isinstance(job, Train):
            seen.append(job)
        return execute(self, job)

    Executor.execute = execute_or_bare  # type: ignore[method-assign]


if __name__ == "__main__":
    add_bare_loop()
    main(sys.argv[1:])
