"""The supernet's paths and first weights."""

from __future__ import annotations

import math

import pytest
import torch
import world

from danas_worker.jobs.export import standalone
from danas_worker.network.blocks import MbConv, Statistics, build_block
from danas_worker.network.supernet import Supernet
from danas_worker.network.supernet import build as build_for
from danas_worker.protocol import messages as pb
from danas_worker.protocol.plain import plain
from danas_worker.tasks.task import task_of

PATHS = [(0, 0, 0), (1, 1, 2), (2, 0, 1), (3, 1, 0)]


def build(space: pb.Space, seed: int) -> Supernet:
    return build_for(space, task_of(world.prepare(space)), seed)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("hidden", [0, 10])
def test_a_path_computes_what_the_same_network_computes_alone(tmp_path, path, hidden):
    worker = world.executor(tmp_path, world.prepare(world.small_space(hidden=hidden)))
    worker.execute(world.train(PATHS * 2))
    network = standalone(worker.model, path)
    x_NCHW, _ = worker.model.streams["train"].batch(5)
    with torch.no_grad(), worker.model.statistics("running"):
        expected = worker.model.supernet(x_NCHW, path)
        assert torch.equal(network(x_NCHW), expected)
        assert expected.abs().max() > 0.01, "a network of zeros would prove nothing"


def test_a_block_draws_the_same_weights_whatever_stands_beside_it():
    space = world.small_space()
    lone = world.but(space, slots=[world.but(s, candidates=[s.candidates[-1]]) for s in space.slots])
    whole, single = build(space, 5), build(lone, 5)
    for slot, candidates in enumerate(space.slots):
        of_whole = whole.candidate(slot, len(candidates.candidates) - 1).state_dict()
        of_single = single.candidate(slot, 0).state_dict()
        assert all(torch.equal(of_whole[name], of_single[name]) for name in of_single)


def test_two_seeds_and_two_blocks_draw_different_weights():
    space = world.small_space()
    first, second = build(space, 5), build(space, 6)
    a, b = first.candidate(0, 0).depthwise.conv.weight, second.candidate(0, 0).depthwise.conv.weight
    assert not torch.equal(a, b)
    # the same shape in another slot
    assert not torch.equal(first.candidate(1, 0).depthwise.conv.weight, a)


def test_convolutions_start_with_the_deviation_of_kaiming_by_fan_out():
    # 3x3 to 64 channels: sqrt(2 / (9 x 64)) = 0.0589
    stem = world.block(pb.Conv(kernel=3), 3, 64, 1, 8, 8)
    space = world.but(world.small_space(), stem=(stem,), slots=(), head=pb.Head(hidden_activation="none"))
    weight = build(space, 1).stem[0].conv.weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.06)
    assert build(space, 1).classifier.linear.weight.std().item() == pytest.approx(0.01, rel=0.15)


def test_an_mbconv_is_expansion_depthwise_squeeze_projection_and_residual():
    # by hand, from the published definition, with plain torch calls
    op = world.mbconv(3, 12, 2, "hswish")
    block: MbConv = build_block(plain(world.block(op, 6, 6, 1, 5, 5)), Statistics())  # type: ignore[assignment]
    for p in block.parameters():
        torch.nn.init.normal_(p, std=0.5, generator=torch.Generator().manual_seed(p.numel()))
    x = torch.randn(4, 6, 5, 5, generator=torch.Generator().manual_seed(1))

    def norm(h, layer):
        mean, var = h.mean((0, 2, 3), keepdim=True), h.var((0, 2, 3), unbiased=False, keepdim=True)
        return (h - mean) / (var + 1e-5).sqrt() * layer.weight.view(1, -1, 1, 1) + layer.bias.view(1, -1, 1, 1)

    def hswish(h):
        return h * (h + 3).clamp(0, 6) / 6

    h = hswish(norm(torch.nn.functional.conv2d(x, block.expand.conv.weight), block.expand.norm))
    h = torch.nn.functional.conv2d(h, block.depthwise.conv.weight, padding=1, groups=12)
    h = hswish(norm(h, block.depthwise.norm))
    s = h.mean((2, 3), keepdim=True)
    s = torch.nn.functional.conv2d(s, block.squeeze.reduce.weight, block.squeeze.reduce.bias).clamp(min=0)
    s = torch.nn.functional.conv2d(s, block.squeeze.expand.weight, block.squeeze.expand.bias)
    h = h * (s + 3).clamp(0, 6) / 6
    h = x + norm(torch.nn.functional.conv2d(h, block.project.conv.weight), block.project.norm)
    assert torch.allclose(block(x), h, atol=1e-5)


def test_an_mbconv_as_wide_as_its_input_has_no_expansion():
    op = world.mbconv(3, 6, 0, "relu")
    block = build_block(plain(world.block(op, 6, 9, 2, 5, 5)), Statistics())
    assert block.expand is None and not block.residual
    assert block(torch.zeros(1, 6, 5, 5)).shape == (1, 9, 3, 3)
