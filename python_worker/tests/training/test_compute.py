"""Precision, memory format, the CPU's depthwise gradient, compilation."""

from __future__ import annotations

import os

import pytest
import torch
import world

from danas_worker.network.blocks import ConvNorm
from danas_worker.network.depthwise import StripConv2d, weight_gradient
from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import FailureCode

A, B = (0, 0, 0), (1, 1, 2)


@pytest.mark.parametrize("kernel", [5, 7, 9])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("height,width", [(14, 9), (4, 4), (3, 8), (1, 1)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_the_weight_gradient_by_strips_is_the_weight_gradient(kernel, stride, height, width, channels_last):
    generator = torch.Generator().manual_seed(kernel)
    x = torch.randn(5, 6, height, width, generator=generator)
    weight = torch.randn(6, 1, kernel, kernel, generator=generator)
    if channels_last:
        x, weight = x.to(memory_format=torch.channels_last), weight.to(memory_format=torch.channels_last)
    # in float64, by autograd, as the definition
    exact = weight.double().requires_grad_()
    out = torch.conv2d(x.double(), exact, None, stride, kernel // 2, 1, 6)
    grad = torch.randn(out.shape, generator=generator).contiguous(
        memory_format=torch.channels_last if channels_last else torch.contiguous_format
    )
    out.backward(grad.double())
    assert torch.allclose(weight_gradient(x, grad, weight, stride).double(), exact.grad, atol=1e-4, rtol=1e-5)


def test_wide_depthwise_convolutions_of_the_cpu_go_by_strips_and_no_others(tmp_path):
    worker = world.executor(tmp_path)
    found = {
        (part.conv.kernel_size[0], part.conv.groups > 1): type(part.conv) is StripConv2d
        for part in worker.model.supernet.modules()
        if isinstance(part, ConvNorm)
    }
    assert found == {(3, False): False, (1, False): False, (3, True): False, (5, True): True}
    short = world.executor(tmp_path, world.prepare(compute=world.compute(precision="bfloat16")))
    assert not any(isinstance(part, StripConv2d) for part in short.model.supernet.modules())


def test_channels_last_is_the_same_network_up_to_rounding(tmp_path):
    losses = []
    for channels_last in (False, True):
        worker = world.executor(tmp_path, world.prepare(compute=world.compute(channels_last=channels_last)))
        losses.append(worker.execute(world.train([A, B] * 3))[0].losses)
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    weight = worker.model.supernet.candidate(0, 1).depthwise.conv.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_bfloat16_trains_reads_gates_scores_and_evaluates_near_float32(tmp_path):
    results = []
    for precision in ("float32", "bfloat16"):
        worker = world.executor(tmp_path, world.prepare(compute=world.compute(precision=precision)))
        trained, _ = worker.execute(world.train([A, B] * 3))
        gates, _ = worker.execute(world.gates("valid", world.gate_step(A, ((1,), (1,), (2,)))))
        score, _ = worker.execute(world.score("valid", (A,), (0,)))
        evaluation, _ = worker.execute(world.evaluate([A], recalibrate=2))
        results.append(
            (trained.losses[-1], gates.steps[0].loss, score.log_likelihoods[0].list[0] / 8, evaluation.results[0].loss)
        )
    # bfloat16 carries 8 bits
    assert results[0] == pytest.approx(results[1], rel=0.05)
    assert results[0] != results[1]
    assert all(p.dtype == torch.float32 for p in worker.model.supernet.parameters())


@pytest.mark.skipif("DANAS_TEST_COMPILE" not in os.environ, reason="compiling takes a minute: set DANAS_TEST_COMPILE=1")
def test_compiled_training_is_the_same_training_up_to_rounding(tmp_path):
    losses = []
    for compiled in (False, True):
        worker = world.executor(tmp_path, world.prepare(compute=world.compute(compile=compiled)))
        losses.append(worker.execute(world.train([A, B] * 3))[0].losses)
        worker.execute(world.evaluate([A], recalibrate=2))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_compiling_where_there_is_no_compiler_is_unsupported_at_once(tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found")

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(JobFailed, match="No working C") as caught:
        world.executor(tmp_path, world.prepare(compute=world.compute(compile=True)))
    assert caught.value.code == FailureCode.unsupported and "compute.compile" in caught.value.hint
