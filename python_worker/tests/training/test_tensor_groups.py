"""Which tensors a scope moves."""

from __future__ import annotations

import pytest
import world

from danas_worker.protocol import messages as pb
from danas_worker.training.tensor_groups import moved, trainable

A = (0, 0, 0)


def test_every_scope_of_the_wire_is_known_and_none_moves_nothing(tmp_path):
    groups = world.executor(tmp_path).model.groups.of([A])
    counts = {scope: sum(len(trainable(group, scope)) for group in groups) for scope in pb.TrainScope.values()}
    assert 0 < counts[pb.TrainScope.last_bn] < counts[pb.TrainScope.all_bn] < counts[pb.TrainScope.all]
    assert [trainable(group, None) for group in groups] == [[]] * len(groups)


def test_a_scope_that_nobody_knows_moves_nothing_silently(tmp_path):
    worker = world.executor(tmp_path)
    groups = worker.model.groups.of([A])
    with pytest.raises(ValueError, match="scope 7"):
        trainable(groups[0], 7)
    with pytest.raises(ValueError, match="scope 7"):
        moved(groups, 7, decay_norm=False)
    before = world.snapshot(worker)
    with pytest.raises(ValueError, match="scope 7"):
        worker.model.set_scope(7)
    assert not world.changed(before, world.snapshot(worker))
    assert worker.model.scope == pb.TrainScope.all, "and what was trainable still is"
    assert all(parameter.requires_grad for parameter in worker.model.supernet.parameters())
