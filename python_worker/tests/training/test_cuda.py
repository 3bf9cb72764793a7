"""The same promises on a GPU."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import pytest
import torch
import world

from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import FailureCode, Restore

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

A, B = (0, 0, 0), (1, 1, 2)
PATHS = [A, B, (2, 0, 1), A, B, A]


@dataclass
class Ready:
    """a stream whose batch lies on the device already"""

    x: torch.Tensor
    y: torch.Tensor
    active_K: torch.Tensor | None = None  # noqa: N815
    batches_per_pass: int = 1

    def batch(self, b):
        return self.x, self.y


def on_gpu(precision="float32", **fields):
    return world.prepare(compute=world.compute(device="cuda", precision=precision, channels_last=True), **fields)


def test_first_weights_are_those_of_the_cpu(tmp_path):
    cpu, gpu = world.snapshot(world.executor(tmp_path)), world.snapshot(world.executor(tmp_path, on_gpu()))
    assert all(torch.equal(tensor, gpu[name].cpu()) for name, tensor in cpu.items())


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_training_goes_on_bit_for_bit_from_a_checkpoint(tmp_path, precision):
    whole, first, second = (world.executor(tmp_path, on_gpu(precision)) for _ in range(3))
    losses = whole.execute(world.train(PATHS))[0].losses
    begun = first.execute(world.train(PATHS[:3]))[0].losses
    written, _ = first.execute(world.checkpoint("c.pt"))
    second.execute(Restore(path="c.pt", sha256=written.sha256))
    assert begun + second.execute(world.train(PATHS[3:], first=3))[0].losses == losses
    assert not world.changed(world.snapshot(whole), world.snapshot(second))


def waits(worker, steps):
    """how often a train job of so many steps waits for the device"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            worker.execute(world.train([A] * steps))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def test_a_train_job_waits_for_the_device_once_however_many_its_steps(tmp_path):
    worker = world.executor(tmp_path, on_gpu())
    x, y = worker.model.streams["train"].batch(0)
    worker.model.streams["train"] = Ready(x, y)
    worker.execute(world.train([A]))
    assert waits(worker, 2) == waits(worker, 20) == 1


def test_running_out_of_memory_is_typed_and_the_next_job_works(tmp_path):
    worker = world.executor(tmp_path, on_gpu())
    # 3 TB of pixels that take no room until something is computed from them
    x = torch.zeros(1, 3, 8192, 8192, device="cuda").expand(4096, -1, -1, -1)
    worker.model.streams["train"] = Ready(x, torch.zeros(4096, dtype=torch.long, device="cuda"))
    with pytest.raises(JobFailed) as caught:
        worker.execute(world.train([A]))
    assert caught.value.code == FailureCode.out_of_memory
    worker.execute(on_gpu())
    worker.execute(world.train([A]))
