"""What cannot be done fails by a typed code, and the next job works."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
import world

from danas_worker.jobs.executor import Executor
from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed

A = (0, 0, 0)


def test_every_job_but_inspect_and_prepare_needs_a_model(tmp_path):
    worker = Executor(tmp_path, frozenset(), None, world.open_fake)
    jobs = [world.train([A]), world.evaluate([A]), pb.BnScales(), world.restrict([[0]]), world.checkpoint("x")]
    for job in jobs:
        with pytest.raises(JobFailed, match="no model") as caught:
            worker.execute(job)
        assert caught.value.code == pb.FailureCode.invalid_job and "prepare" in caught.value.hint
    signal, _ = worker.execute(pb.Inspect(data=world.prepare().data))
    assert signal.data.classes == ["class-0", "class-1", "class-2", "class-3"]


def absurd():
    sound, unsound = world.train([A], rate=0.1).steps[0], world.train([(9, 9, 9)], rate=0.1, first=1).steps[0]
    return [
        (world.train([(0, 0)]), "3 choices"),
        (world.train([(0, 0, 99)]), "between 0 and 2"),
        (world.train([A], name="nowhere"), "no stream"),
        (
            pb.Train(stream="train", steps=[sound, unsound]),
            "between",
        ),
        (world.evaluate([]), "needs an architecture"),
        (world.evaluate([A], name="nowhere"), "no stream"),
        (world.evaluate([A], recalibrate=2, source="nowhere"), "no stream"),
        (world.score("valid", (), (0,)), "needs an architecture"),
        (world.score("valid", (A,), ()), "a batch"),
    ]


def test_absurd_jobs_are_invalid_change_nothing_and_the_next_one_works(tmp_path):
    worker = world.executor(tmp_path)
    before = world.snapshot(worker)
    for job, says in absurd():
        with pytest.raises(JobFailed, match=says) as caught:
            worker.execute(job)
        assert caught.value.code == pb.FailureCode.invalid_job
    assert not world.changed(before, world.snapshot(worker))
    worker.execute(world.train([A]))


def test_a_batch_norm_over_one_value_is_refused_not_computed_to_nan(tmp_path):
    shape = pb.InputShape(channels=3, height=2, width=2)
    job = world.prepare(world.small_space(shape=shape), streams=(world.stream(batch_size=1), world.stream("b")))
    worker = world.executor(tmp_path, job)
    with pytest.raises(JobFailed, match="larger batch"):
        worker.execute(world.train([A]))
    worker.execute(world.train([A], name="b"))


def test_a_network_too_large_for_the_machine_is_refused_before_it_is_built(tmp_path):
    worker = world.executor(tmp_path)
    wide = world.block(pb.Conv(kernel=31), 3, 65_536, 1, 12, 12)
    wider = world.block(pb.Conv(kernel=31), 65_536, 65_536, 1, 12, 12)
    space = world.but(world.small_space(), stem=(wide, wider), slots=(), head=pb.Head(hidden_activation="none"))
    with pytest.raises(JobFailed, match="GB") as caught:
        worker.execute(world.prepare(space))
    assert caught.value.code == pb.FailureCode.out_of_memory
    with pytest.raises(JobFailed, match="no model"):
        worker.execute(world.train([A]))
    worker.execute(world.prepare())
    worker.execute(world.train([A]))


OUT_OF_MEMORY = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
]


def room_for(monkeypatch, model, images, error):
    """a device on which only so many images go through at once"""
    first = model.supernet.stem[0]
    right = first.forward

    def forward(x_NCHW):
        if x_NCHW.shape[0] > images:
            raise error
        return right(x_NCHW)

    monkeypatch.setattr(first, "forward", forward)


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
@pytest.mark.parametrize(
    "job",
    [
        world.train([A]),
        world.gates("train", world.gate_step(A, ((), (), ()))),
        world.score("train", (A,), (0,)),
        world.evaluate([A], batches=1, name="train"),
    ],
    ids=lambda job: type(job).__name__,
)
def test_running_out_of_memory_names_the_batch_that_fits_and_changes_nothing(tmp_path, monkeypatch, error, job):
    worker = world.executor(tmp_path)
    model = worker.model
    worker.execute(world.train([A] * 2))
    before = world.snapshot(worker)
    with monkeypatch.context() as room:
        room_for(room, model, 2, error)
        with pytest.raises(JobFailed) as caught:
            worker.execute(job)
    assert caught.value.code == pb.FailureCode.out_of_memory
    assert caught.value.hint.startswith("use a batch of 2: stream 'train' has 8 images a batch"), caught.value.hint
    assert not world.changed(before, world.snapshot(worker))
    assert all(p.grad is None for p in model.supernet.parameters())
    worker.execute(job)


def test_an_evaluation_names_the_batch_of_the_stream_that_was_too_large(tmp_path, monkeypatch):
    streams = (world.stream(batch_size=16), world.stream("pass", batch_size=4, split="valid", shuffle=False))
    worker = world.executor(tmp_path, world.prepare(streams=streams))
    room_for(monkeypatch, worker.model, 4, OUT_OF_MEMORY[0])
    with pytest.raises(JobFailed) as caught:
        worker.execute(world.evaluate([A], recalibrate=1))
    assert caught.value.hint.startswith("use a batch of 4: stream 'train' has 16 images a batch")


def test_where_not_even_one_image_fits_that_is_said(tmp_path, monkeypatch):
    worker = world.executor(tmp_path)
    with monkeypatch.context() as room:
        room_for(room, worker.model, 0, OUT_OF_MEMORY[0])
        with pytest.raises(JobFailed, match="CUDA out of memory") as caught:
            worker.execute(world.train([A]))
    assert "not even one fits" in caught.value.hint and "smaller space" in caught.value.hint
    worker.execute(world.train([A]))


def test_what_nobody_foresaw_is_not_dressed_up(tmp_path, monkeypatch):
    worker = world.executor(tmp_path)
    monkeypatch.setattr(worker.model.optimizer, "step", lambda moved, rate: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker.execute(world.train([A]))


def test_a_second_prepare_forgets_the_first_model_and_keeps_the_data(tmp_path):
    opened = []

    def open_data(spec, allow):
        opened.append(spec)
        return world.open_fake(spec, allow)

    worker = Executor(tmp_path, frozenset(), None, open_data)
    worker.execute(pb.Inspect(data=world.prepare().data))
    worker.execute(world.prepare())
    worker.execute(world.train([A]))
    old = weakref.ref(worker.model.supernet)
    worker.execute(world.prepare())
    gc.collect()
    assert old() is None and len(opened) == 1
    worker.execute(pb.Inspect(data=world.but(world.prepare().data, split_seed=2)))
    assert len(opened) == 2


def test_data_with_another_number_of_classes_than_it_says_is_a_data_failure(tmp_path):
    worker = Executor(tmp_path, frozenset(), None, lambda spec, _: world.FakeData(world.but(spec, classes=3)))
    with pytest.raises(JobFailed, match="3 classes") as caught:
        worker.execute(world.prepare())
    assert caught.value.code == pb.FailureCode.data


def test_float16_is_not_for_the_cpu_and_cuda_not_for_a_machine_without(tmp_path):
    worker = Executor(tmp_path, frozenset(), None, world.open_fake)
    wanted = [world.compute(precision="float16")]
    if not torch.cuda.is_available():
        wanted.append(world.compute(device="cuda"))
    for compute in wanted:
        with pytest.raises(JobFailed) as caught:
            worker.execute(world.prepare(compute=compute))
        assert caught.value.code == pb.FailureCode.unsupported and caught.value.hint
    worker.execute(world.prepare())


def test_a_space_without_slots_trains_evaluates_and_has_no_gates(tmp_path):
    whole = world.small_space()
    head = world.but(whole.head, blocks=(world.but(whole.head.blocks[0], in_channels=8),))
    worker = world.executor(tmp_path, world.prepare(world.but(whole, slots=(), head=head), checks=((),)))
    worker.execute(world.train([()]))
    worker.execute(world.evaluate([()], recalibrate=1))
    signal, _ = worker.execute(world.gates("valid", world.gate_step((), ())))
    assert signal.steps[0].gradients == []
