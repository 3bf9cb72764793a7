"""Cutting candidates really frees them."""

from __future__ import annotations

import gc
import weakref

import pytest
import world

from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import Export, FailureCode

A, B = (0, 0, 0), (1, 1, 2)
ALIVE = ((0, 2), (0,), (0, 1))


def test_what_is_cut_is_freed_and_the_bytes_are_those_of_its_weights_statistics_and_momentum(tmp_path):
    worker = world.executor(tmp_path)
    worker.execute(world.train([A, B] * 2))
    supernet = worker.model.supernet
    cut = [supernet.candidate(0, 1), supernet.candidate(0, 3), supernet.candidate(1, 1), supernet.candidate(2, 2)]
    weights = [sum(p.numel() for p in block.parameters()) for block in cut]
    statistics = sum(b.numel() for block in cut for b in block.buffers())
    gone = [weakref.ref(p) for block in cut for p in block.parameters()]
    before = sum(p.numel() for p in supernet.parameters())
    del cut
    signal, _ = worker.execute(world.restrict(ALIVE))
    gc.collect()
    assert all(ref() is None for ref in gone)
    assert signal.parameters_left == before - sum(weights) == sum(p.numel() for p in supernet.parameters())
    # slot 1.1's k3e1 was never trained: it has no momentum yet
    trained = sum(weights) - weights[1]
    assert signal.bytes_freed == 4 * (sum(weights) + statistics + trained)


def test_training_the_survivors_goes_on_as_if_the_others_had_never_been(tmp_path):
    whole, cut = world.executor(tmp_path), world.executor(tmp_path)
    for worker in (whole, cut):
        worker.execute(world.train([A, B]))
    cut.execute(world.restrict(ALIVE))
    signals = [worker.execute(world.train([A, (2, 0, 1)], first=2))[0] for worker in (whole, cut)]
    assert signals[0] == signals[1]
    after = world.snapshot(cut)
    assert not world.changed({n: t for n, t in world.snapshot(whole).items() if n in after}, after)


def test_the_cut_are_refused_wherever_they_are_named(tmp_path):
    worker = world.executor(tmp_path)
    worker.execute(world.restrict(ALIVE))
    jobs = [
        world.train([B]),
        world.evaluate([B]),
        world.score("valid", (B,), (0,)),
        world.gates("valid", world.gate_step(B, ((),) * 3)),
        world.gates("valid", world.gate_step(A, ((1,), (), ()))),
        Export(architecture=B, folder="out"),
        world.restrict(((0, 1), (0,), (0,))),
    ]
    for job in jobs:
        with pytest.raises(JobFailed, match="cut") as caught:
            worker.execute(job)
        assert caught.value.code == FailureCode.invalid_job
    worker.execute(world.train([A]))


@pytest.mark.parametrize(
    "alive,says",
    [
        (((0,), (0,)), "3 slots"),
        (((), (0,), (0,)), "no candidate left"),
        (((1, 0), (0,), (0,)), "ascending"),
        (((0, 0), (0,), (0,)), "ascending"),
        (((0, 7), (0,), (0,)), "do not exist"),
    ],
)
def test_absurd_alive_sets_are_refused_and_cut_nothing(tmp_path, alive, says):
    worker = world.executor(tmp_path)
    before = world.snapshot(worker)
    with pytest.raises(JobFailed, match=says) as caught:
        worker.execute(world.restrict(alive))
    assert caught.value.code == FailureCode.invalid_job
    assert not world.changed(before, world.snapshot(worker))
    worker.execute(world.train([B]))
