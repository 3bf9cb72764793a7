"""Jobs disturbed on their way, given to the executor itself: typed failures, and sound jobs work after them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import fuzz
import pytest
import test_wire

from danas_worker.desk import carry_out
from danas_worker.executor import Executor
from danas_worker.generated.danas.v1 import job_pb2, signal_pb2, worker_pb2


def prepare() -> job_pb2.Job:
    message = test_wire.prepare()
    message.data.synthetic.CopyFrom(job_pb2.Synthetic(per_class=12, noise=0.5))
    message.data.split_seed = 1
    message.data.on_device = "auto"
    message.streams[0].classes[:] = ["class-0", "class-2"]
    message.streams[1].batch_size = 4
    message.compute.CopyFrom(job_pb2.ComputeSpec(device="cpu", precision="float32", channels_last=True, threads=1))
    return job_pb2.Job(prepare=message)


def jobs() -> list[job_pb2.Job]:
    path, some = test_wire.path, test_wire.some
    step = job_pb2.TrainStep(
        paths=[job_pb2.WeightedPath(architecture=path(0), weight=1.0)], learning_rate=0.01, batch=3
    )
    gate = job_pb2.GateStep(architecture=path(0), alternatives=[some(1)], batch=2)
    return [
        job_pb2.Job(train=job_pb2.Train(stream="t", scope="all", steps=[step, step])),
        job_pb2.Job(gates=job_pb2.Gates(stream="v", steps=[gate])),
        job_pb2.Job(score=job_pb2.Score(stream="v", architectures=[path(0), path(1)], batches=[0, 1])),
        job_pb2.Job(
            evaluate=job_pb2.Evaluate(
                stream="v", architectures=[path(1)], batches=1, recalibrate=job_pb2.Recalibrate(stream="t", batches=1)
            )
        ),
        job_pb2.Job(bn_scales=job_pb2.BnScales()),
        job_pb2.Job(checkpoint=job_pb2.Checkpoint(path="c.pt")),
        job_pb2.Job(restore=job_pb2.Restore(path="c.pt", sha256="0" * 64)),
        job_pb2.Job(export=job_pb2.Export(architecture=path(0), folder="exported")),
        job_pb2.Job(restrict=job_pb2.Restrict(alive=[some(0, 1)])),
    ]


@pytest.fixture
def quick_collections() -> Iterator[None]:
    """the executor collects garbage after each failure: what was imported need not be looked through every time"""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("quick_collections")
def test_no_disturbed_job_is_a_surprise(tmp_path: Path) -> None:
    what = "disturbed jobs, carried out"
    draw = fuzz.draw_for(what)
    run_folder = tmp_path / "runs" / "run"
    run_folder.mkdir(parents=True)
    executor = Executor(run_folder)
    codes: dict[str, int] = {}

    def done(job: job_pb2.Job) -> signal_pb2.Failure:
        return carry_out(executor, worker_pb2.Command(id="job-1", job=job), 0.0).failure

    for number in range(fuzz.cases(30, what, share=0.2)):
        if number % 15 == 0:
            # of the sound jobs only the restore fails: no file has that sum
            assert [done(job).code for job in (prepare(), *jobs())] == [""] * 7 + ["invalid-job"] + [""] * 2
        job = prepare() if number % 3 == 0 else draw.choice(jobs())
        for _ in range(draw.randint(1, 2)):
            fuzz.disturb(job, draw)
        failure = done(job)
        codes[failure.code] = codes.get(failure.code, 0) + 1
        # the hint of what nobody foresaw
        assert "report it" not in failure.hint, f"{failure.message}\n{str(job)[:3000]}"
    assert codes[""] > 3 and codes["invalid-job"] > 6, codes
    assert {p.name for p in tmp_path.rglob("*")} <= {
        *("runs", "run", "c.pt", "x", "train", "exported", "model.json", "model.py", "model.safetensors"),
        *("{}", "😀" * 100, "[" * 5000),
    }, "nothing is written anywhere else"
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["run"]
