"""
A faster weight gradient of depthwise convolutions on the CPU.

oneDNN has a fast kernel for it only where the filter is at most three columns wide, however many rows it has: 288
channels of 7x7 pixels, 128 images, one core: 1.3 ms for 3x3, 1.6 ms for 5x3, but 14.6 ms for 5x5 and 29.5 ms for 7x7.
Columns of the filter have nothing to do with each other in this gradient, so a wide filter's is put together from
strips of three, each with the input shifted into place.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIP = 3


def weight_gradient(x_NCHW: Tensor, grad_NCHW: Tensor, weight_C1kk: Tensor, stride: int) -> Tensor:
    """dL/dweight of a depthwise k x k convolution with padding (k - 1) / 2, strip by strip."""
    channels, _, kernel, _ = weight_C1kk.shape
    pad = (kernel - 1) // 2
    if x_NCHW.shape[3] < pad:
        return _plain_gradient(x_NCHW, grad_NCHW, weight_C1kk, stride, [False, True, False])[1]
    out = torch.empty_like(weight_C1kk)
    # of the weights this gradient needs the shape alone; a slice of them, with its strides, would miss the fast kernel
    strip = torch.empty(channels, 1, kernel, STRIP, dtype=out.dtype).to(memory_format=torch.channels_last)
    rows, columns = ((size - 1) * stride for size in grad_NCHW.shape[2:])
    below = rows + kernel - pad - x_NCHW.shape[2]
    above, inside = pad, 0
    if below == pad and x_NCHW.shape[2] >= kernel:
        # rows may be left to the convolution, but for uneven padding and low images, which the fast kernel refuses
        above, inside, below = 0, pad, 0
    for first in range(0, kernel, STRIP):
        # the last strip may overlap the one before: those columns come out the same
        at = min(first, kernel - STRIP)
        left = pad - at
        shifted = F.pad(x_NCHW, (left, columns + STRIP - left - x_NCHW.shape[3], above, below))
        _, grad, _ = torch.ops.aten.convolution_backward(
            grad_NCHW,
            shifted,
            strip,
            [0],
            [stride, stride],
            [inside, 0],
            [1, 1],
            False,
            [0, 0],
            channels,
            [False, True, False],
        )
        out[..., at : at + STRIP] = grad
    return out


def _plain_gradient(
    x_NCHW: Tensor, grad_NCHW: Tensor, weight_C1kk: Tensor, stride: int, wanted: list[bool]
) -> tuple[Tensor, Tensor, Tensor]:
    channels, _, kernel, _ = weight_C1kk.shape
    pad = (kernel - 1) // 2
    gradients: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        grad_NCHW, x_NCHW, weight_C1kk, [0], [stride, stride], [pad, pad], [1, 1], False, [0, 0], channels, wanted
    )
    return gradients


class _Strips(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_NCHW: Tensor, weight_C1kk: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x_NCHW, weight_C1kk)
        ctx.stride = stride
        return torch.conv2d(x_NCHW, weight_C1kk, None, stride, weight_C1kk.shape[2] // 2, 1, weight_C1kk.shape[0])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x_NCHW, weight_C1kk = ctx.saved_tensors
        x_grad = w_grad = None
        if ctx.needs_input_grad[0]:
            x_grad = _plain_gradient(x_NCHW, grads[0], weight_C1kk, ctx.stride, [True, False, False])[0]
        if ctx.needs_input_grad[1]:
            w_grad = weight_gradient(x_NCHW, grads[0], weight_C1kk, ctx.stride)
        return x_grad, w_grad, None


class StripConv2d(nn.Conv2d):
    def forward(self, x_NCHW: Tensor) -> Tensor:
        if self.weight.requires_grad and torch.is_grad_enabled():
            out_NCHW: Tensor = _Strips.apply(x_NCHW, self.weight, self.stride[0])
            return out_NCHW
        return super().forward(x_NCHW)


def use_strips(module: nn.Module) -> None:
    """Lets every wide depthwise convolution within compute its gradient so. For float32 on the CPU."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and part.groups == part.in_channels > 1 and part.kernel_size[0] > STRIP:
            # the same parameters under the same names, another way through: no copy, nothing to rename
            part.__class__ = StripConv2d
