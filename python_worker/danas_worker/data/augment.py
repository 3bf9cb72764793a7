"""Augmentation of a whole batch at once. What is drawn is drawn on the CPU, so it is the same on every device."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from ..protocol.messages import Augment

# Shapes: N images, C channels, H height, W width.


def augmented(
    x_NCHW: Tensor,
    augment: Augment,
    generator: torch.Generator,
    normalise: Callable[[Tensor], Tensor],
) -> Tensor:
    """
    uint8 in, normalised float32 out: random crop after padding with black, flip, random resized crop, cutout (a square
    set to the mean, which is 0 after normalisation). Every draw is made whether used or not, so that switching one off
    leaves the others as they are.
    """
    n, _, h, w = x_NCHW.shape
    top_N = torch.randint(0, 2 * augment.pad + 1, (n,), generator=generator)
    left_N = torch.randint(0, 2 * augment.pad + 1, (n,), generator=generator)
    flip_N = torch.rand(n, generator=generator) < 0.5
    area_N4 = torch.rand(n, 4, generator=generator)
    centre_N2 = torch.rand(n, 2, generator=generator)
    if augment.pad > 0 or augment.flip:
        x_NCHW = _cropped(x_NCHW, augment.pad, top_N, left_N, flip_N & augment.flip)
    x_NCHW = normalise(x_NCHW)
    if augment.min_area < 1:
        x_NCHW = _resized_crops(x_NCHW, augment.min_area, area_N4)
    if augment.cutout > 0:
        keep_NHW = _outside_square(h, w, augment.cutout, centre_N2)
        x_NCHW = x_NCHW * keep_NHW[:, None].to(x_NCHW.device, non_blocking=True)
    return x_NCHW


def _cropped(x_NCHW: Tensor, pad: int, top_N: Tensor, left_N: Tensor, flip_N: Tensor) -> Tensor:
    """one gather does the crop and the flip; its result lies in channels_last order"""
    n, _, h, w = x_NCHW.shape
    device = x_NCHW.device
    padded = functional.pad(x_NCHW, (pad, pad, pad, pad))
    rows_NH = top_N[:, None] + torch.arange(h)
    across_W = torch.arange(w)
    columns_NW = left_N[:, None] + torch.where(flip_N[:, None], w - 1 - across_W, across_W)
    images_N = torch.arange(n, device=device)
    rows_NH, columns_NW = rows_NH.to(device, non_blocking=True), columns_NW.to(device, non_blocking=True)
    x_NHWC = padded[images_N[:, None, None], :, rows_NH[:, :, None], columns_NW[:, None, :]]
    return x_NHWC.permute(0, 3, 1, 2)


def _resized_crops(x_NCHW: Tensor, min_area: float, draw_N4: Tensor) -> Tensor:
    """a share of the area in [min_area, 1], sides in proportion 3:4 to 4:3, stretched to the whole: Inception's crop"""
    area_N = min_area + (1 - min_area) * draw_N4[:, 0]
    ratio_N = torch.exp((2 * draw_N4[:, 1] - 1) * math.log(4 / 3))
    width_N = (area_N * ratio_N).sqrt().clamp(max=1.0)
    height_N = (area_N / ratio_N).sqrt().clamp(max=1.0)
    theta_N23 = torch.zeros(len(area_N), 2, 3)
    theta_N23[:, 0, 0] = width_N
    theta_N23[:, 1, 1] = height_N
    theta_N23[:, 0, 2] = (2 * draw_N4[:, 2] - 1) * (1 - width_N)
    theta_N23[:, 1, 2] = (2 * draw_N4[:, 3] - 1) * (1 - height_N)
    grid = functional.affine_grid(
        theta_N23.to(x_NCHW.device, non_blocking=True), list(x_NCHW.shape), align_corners=False
    )
    return functional.grid_sample(x_NCHW, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _outside_square(h: int, w: int, side: int, centre_N2: Tensor) -> Tensor:
    """False inside a square whose centre is anywhere in the image; it may hang over the edge (DeVries, Taylor 2017)"""
    top_N = (centre_N2[:, 0] * h).floor() - side // 2
    left_N = (centre_N2[:, 1] * w).floor() - side // 2
    rows_H, columns_W = torch.arange(h), torch.arange(w)
    in_rows_NH = (rows_H >= top_N[:, None]) & (rows_H < top_N[:, None] + side)
    in_columns_NW = (columns_W >= left_N[:, None]) & (columns_W < left_N[:, None] + side)
    return ~(in_rows_NH[:, :, None] & in_columns_NW[:, None, :])
