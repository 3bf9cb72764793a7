"""MACs and parameters against closed forms worked out by hand."""

from __future__ import annotations

import world


def test_counts_of_one_network_are_those_of_the_hand(tmp_path):
    space = world.small_space(classes=4, hidden=10)
    # path k5e2se . k3e3 . skip on 3 x 12 x 12: maps are 6 x 6 after the stem and in slot 1.1, 3 x 3 from slot 2.1 on
    macs = (
        36 * 3 * 8 * 9  # stem 3x3, stride 2
        # mbconv 8 -> 16 -> 8, k5: expansion, depthwise, squeeze 16 -> 4 -> 16 on one pixel, projection
        + (36 * 8 * 16 + 36 * 16 * 25 + 16 * 4 + 4 * 16 + 36 * 16 * 8)
        # mbconv 8 -> 24 -> 12, k3, stride 2: the expansion still sees 6 x 6
        + (36 * 8 * 24 + 9 * 24 * 9 + 9 * 24 * 12)
        + 9 * 12 * 16  # head 1x1
        + 16 * 10
        + 10 * 4
    )
    params = (
        (3 * 8 * 9 + 2 * 8)
        + (8 * 16 + 2 * 16 + 16 * 25 + 2 * 16 + (16 * 4 + 4) + (4 * 16 + 16) + 16 * 8 + 2 * 8)
        + (8 * 24 + 2 * 24 + 24 * 9 + 2 * 24 + 24 * 12 + 2 * 12)
        + (12 * 16 + 2 * 16)
        + (16 * 10 + 10)
        + (10 * 4 + 4)
    )
    assert (macs, params) == (44_896, 2_370)
    worker = world.executor(tmp_path)
    signal, _ = worker.execute(world.prepare(space, checks=((1, 0, 1), (1, 0, 1))))
    assert signal.macs == [macs, macs] and signal.params == [params, params]
    assert signal.device == "cpu"


def test_counting_leaves_the_model_as_it_was_drawn(tmp_path):
    plain, counted = world.executor(tmp_path), world.executor(tmp_path, world.prepare(checks=((0, 0, 0),)))
    assert not world.changed(world.snapshot(plain), world.snapshot(counted))
