"""Gate gradients against autograd through real gates, and finite differences."""

from __future__ import annotations

import pytest
import torch
import world

from danas_worker.jobs.gates import gate_step
from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import FailureCode

ACTIVE = (0, 0, 2)
OTHERS = ((1, 2, 3), (1,), (0, 1))


def double(worker):
    """a smooth network in float64, so that differences converge"""
    worker.model.supernet.double()
    x, y = worker.model.streams["valid"].batch(0)
    return worker.model, x.double(), y


def gated_loss(model, x, y, g):
    """the definition: every slot's output is sum_k g_k output_k"""
    supernet = model.supernet
    for block in supernet.stem:
        x = block(x)
    for slot, choices in enumerate(supernet.alive):
        x = sum(g[slot][k] * supernet.candidate(slot, k)(x) for k in choices)
    for block in supernet.head:
        x = block(x)
    return torch.nn.functional.cross_entropy(supernet.classifier(x), y)


def open_gates(space):
    return [
        torch.tensor([float(k == choice) for k in range(len(slot.candidates))], dtype=torch.float64)
        for slot, choice in zip(space.slots, ACTIVE, strict=True)
    ]


@pytest.fixture
def read(tmp_path):
    # silu: relu6 has kinks that a finite difference may straddle
    model, x, y = double(world.executor(tmp_path, world.prepare(world.small_space(activation="silu"))))
    model.set_scope(None)
    with model.statistics("batch"):
        values = gate_step(model, world.gate_step(ACTIVE, OTHERS), x, y, None)
    flat = iter(values.tolist()[2:])
    rows = [[next(flat) for _ in range(1 + len(others))] for others in OTHERS]
    return model, x, y, values[0].item(), rows


def test_gate_gradients_are_those_of_autograd_through_gate_multipliers(read):
    model, x, y, loss, rows = read
    g = [gates.requires_grad_() for gates in open_gates(model.job.space)]
    with model.statistics("batch"):
        expected = gated_loss(model, x, y, g)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    for slot, row in enumerate(rows):
        wanted = [g[slot].grad[k].item() for k in (ACTIVE[slot], *OTHERS[slot])]
        assert row == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert max(abs(v) for row in rows for v in row) > 1e-3, "gradients of zero would prove nothing"


def test_gate_gradients_are_finite_differences_of_the_loss(read):
    model, x, y, _, rows = read
    h = 1e-5
    with torch.no_grad(), model.statistics("batch"):
        for slot, row in enumerate(rows):
            for value, k in zip(row, (ACTIVE[slot], *OTHERS[slot]), strict=True):
                losses = []
                for sign in (1, -1):
                    g = open_gates(model.job.space)
                    g[slot][k] += sign * h
                    losses.append(gated_loss(model, x, y, g).item())
                assert value == pytest.approx((losses[0] - losses[1]) / (2 * h), rel=1e-4, abs=1e-8)


def test_gates_change_nothing_and_leave_no_gradient(tmp_path):
    worker = world.executor(tmp_path)
    worker.execute(world.train([(0, 0, 0), (1, 1, 2)]))
    before = world.snapshot(worker)
    steps = [world.gate_step(ACTIVE, OTHERS, b) for b in range(3)]
    signal, _ = worker.execute(world.gates("valid", *steps))
    assert not world.changed(before, world.snapshot(worker))
    assert all(p.grad is None for p in worker.model.supernet.parameters())
    assert [len(s.gradients) for s in signal.steps] == [3] * 3
    assert [len(row.list) for row in signal.steps[0].gradients] == [4, 2, 3]
    assert len({s.loss for s in signal.steps}) == 3, "each step has its own batch"


def test_training_goes_on_after_gates_as_if_they_had_not_been(tmp_path):
    plain, gated = world.executor(tmp_path), world.executor(tmp_path)
    for worker in (plain, gated):
        worker.execute(world.train([(0, 0, 0)]))
        if worker is gated:
            worker.execute(world.gates("valid", world.gate_step(ACTIVE, OTHERS)))
        worker.execute(world.train([(0, 0, 2)], first=1))
    assert not world.changed(world.snapshot(plain), world.snapshot(gated))


def test_gates_need_no_alternatives_and_mask_inactive_classes(tmp_path):
    worker = world.executor(tmp_path)
    torch.nn.init.zeros_(worker.model.supernet.classifier.linear.weight)
    signal, _ = worker.execute(world.gates("two", world.gate_step(ACTIVE, ((), (), ()))))
    assert [len(row.list) for row in signal.steps[0].gradients] == [1, 1, 1]
    # two active classes, no opinion: ln 2, and no label smoothing in it
    assert signal.steps[0].loss == pytest.approx(0.693147, rel=1e-5)


@pytest.mark.parametrize(
    "others,says",
    [(((0,), (), ()), "its own alternative"), (((9,), (), ()), "between 0 and 3"), (((),), "one entry a slot")],
)
def test_absurd_alternatives_are_refused(tmp_path, others, says):
    worker = world.executor(tmp_path)
    with pytest.raises(JobFailed, match=says) as caught:
        worker.execute(world.gates("valid", world.gate_step(ACTIVE, others)))
    assert caught.value.code == FailureCode.invalid_job
