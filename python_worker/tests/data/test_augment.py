"""What augmentation does to an image, by hand."""

from __future__ import annotations

import math

import pytest
import sample
import torch
from torch import Tensor

from danas_worker.data.augment import _cropped, _outside_square, _resized_crops, augmented
from danas_worker.protocol import messages as pb


def numbered(n: int = 1, c: int = 1, h: int = 3, w: int = 4) -> Tensor:
    """no two pixels of an image alike, and none 0"""
    return (1 + torch.arange(c * h * w)).view(1, c, h, w).repeat(n, 1, 1, 1).to(torch.uint8)


def test_a_crop_is_a_window_of_the_padded_image() -> None:
    x_NCHW = numbered(n=3)  # rows 1..4, 5..8, 9..12
    top_N, left_N = torch.tensor([0, 1, 2]), torch.tensor([2, 1, 0])
    out = _cropped(x_NCHW, 1, top_N, left_N, torch.tensor([False, False, False]))
    assert out[0, 0].tolist() == [[0, 0, 0, 0], [2, 3, 4, 0], [6, 7, 8, 0]], "up one, right one"
    assert out[1, 0].tolist() == x_NCHW[1, 0].tolist(), "the middle of the padding is the image"
    assert out[2, 0].tolist() == [[0, 5, 6, 7], [0, 9, 10, 11], [0, 0, 0, 0]]


def test_a_flip_mirrors_the_columns_of_the_images_it_is_meant_for() -> None:
    zero = torch.tensor([0, 0])
    out = _cropped(numbered(n=2, c=2), 0, zero, zero, torch.tensor([True, False]))
    assert out[0, 0].tolist() == [[4, 3, 2, 1], [8, 7, 6, 5], [12, 11, 10, 9]]
    assert out[0, 1, 0].tolist() == [16, 15, 14, 13]
    assert torch.equal(out[1], numbered(c=2)[0])


def test_a_flipped_crop_is_the_crop_flipped() -> None:
    top_N, left_N = torch.tensor([2]), torch.tensor([0])
    plain = _cropped(numbered(), 1, top_N, left_N, torch.tensor([False]))
    mirrored = _cropped(numbered(), 1, top_N, left_N, torch.tensor([True]))
    assert torch.equal(mirrored, plain.flip(3))


def test_the_cut_out_square_lies_around_its_centre() -> None:
    # centre 0.5 of 5 is pixel 2; a side of 2 reaches one pixel up and left of it
    keep = _outside_square(5, 5, 2, torch.tensor([[0.5, 0.5]]))
    gone = [(int(r), int(c)) for r, c in (~keep[0]).nonzero()]
    assert gone == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_the_cut_out_square_may_hang_over_the_edge() -> None:
    keep_NHW = _outside_square(4, 6, 4, torch.tensor([[0.0, 0.0], [0.99, 0.99]]))
    # around pixel 0: -2 to 1; around the last, 3 and 5: 1 to 3 and 3 to 5
    assert (~keep_NHW).flatten(1).sum(1).tolist() == [2 * 2, 3 * 3]
    assert not keep_NHW[0, :2, :2].any()
    assert not keep_NHW[1, 1:, 3:].any()


def draw(area: float, ratio: float, x: float, y: float) -> Tensor:
    return torch.tensor([[area, ratio, x, y]])


def ramp(h: int, w: int) -> Tensor:
    """channel 0 is the column's number, channel 1 the row's"""
    return torch.stack([torch.arange(w).expand(h, w), torch.arange(h)[:, None].expand(h, w)]).float()[None]


def test_a_crop_of_the_whole_area_is_the_image() -> None:
    x_NCHW = torch.rand(1, 3, 7, 5, generator=torch.Generator().manual_seed(1))
    # area 1 whatever the draw's smallest; ratio draw 0.5 is 1:1
    torch.testing.assert_close(_resized_crops(x_NCHW, 0.3, draw(1.0, 0.5, 0.2, 0.8)), x_NCHW, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("x", "left"), [(0.0, 0.0), (1.0, 4.0), (0.5, 2.0)])
def test_a_quarter_of_the_area_is_stretched_to_the_whole(x: float, left: float) -> None:
    out = _resized_crops(ramp(8, 8), 0.25, draw(0.0, 0.5, x, 0.0))
    # half the width: pixel j of 8 looks at left + (j + 1/2) / 2 - 1/2, and not beyond the edge
    expected = [min(max(left + (j + 0.5) / 2 - 0.5, 0.0), 7.0) for j in range(8)]
    assert out[0, 0, 3].tolist() == pytest.approx(expected, abs=1e-4)
    from_the_top = [max((j + 0.5) / 2 - 0.5, 0.0) for j in range(8)]
    assert out[0, 1, :, 3].tolist() == pytest.approx(from_the_top, abs=1e-4)


def test_sides_are_in_proportion_three_to_four_at_most() -> None:
    # area 0.25 and ratio 4:3: width sqrt(1/4 * 4/3) of 60, height sqrt(1/4 * 3/4)
    out = _resized_crops(ramp(60, 60), 0.25, draw(0.0, 1.0, 0.5, 0.5))
    across, down = out[0, 0, 30], out[0, 1, :, 30]
    assert float(across[-1] - across[0]) == pytest.approx(59 * math.sqrt(1 / 3), rel=1e-3)
    assert float(down[-1] - down[0]) == pytest.approx(59 * math.sqrt(3 / 16), rel=1e-3)


def test_every_crop_lies_inside_the_image_and_takes_its_share() -> None:
    generator = torch.Generator().manual_seed(3)
    n = 500
    x_NCHW = ramp(40, 40).expand(n, 2, 40, 40)
    out = _resized_crops(x_NCHW, 0.2, torch.rand(n, 4, generator=generator))
    assert float(out.min()) >= -1e-3
    assert float(out.max()) <= 39.001
    middle = out[:, :, 10:30, 10:30]  # away from the edge, where positions are not clamped
    width_N = (middle[:, 0, 0, 19] - middle[:, 0, 0, 0]) / 19
    height_N = (middle[:, 1, 19, 0] - middle[:, 1, 0, 0]) / 19
    area_N = width_N * height_N
    assert 0.2 - 1e-3 <= float(area_N.min()) < 0.22
    assert 0.9 < float(area_N.max()) <= 1 + 1e-3
    assert float(area_N.mean()) == pytest.approx(0.6, abs=0.03), "uniform between 0.2 and 1, but for clamped sides"


def unit(x_NCHW: Tensor) -> Tensor:
    return x_NCHW.float() / 255 - 0.5


def run(augment: pb.Augment, x_NCHW: Tensor, seed: int = 1) -> Tensor:
    return augmented(x_NCHW, augment, torch.Generator().manual_seed(seed), unit)


def test_padding_is_black_and_the_cut_out_is_the_mean() -> None:
    white = torch.full((64, 1, 6, 6), 255, dtype=torch.uint8)
    padded = run(sample.augment(pad=2), white)
    assert set(padded.unique().tolist()) == {-0.5, 0.5}
    cut = run(sample.augment(cutout=3), white)
    assert set(cut.unique().tolist()) == {0.0, 0.5}, "0 is the mean once normalised"
    assert all(1 <= int((image == 0).sum()) <= 9 for image in cut)


def test_about_half_of_the_images_are_flipped() -> None:
    out = run(sample.augment(flip=True), numbered(n=1000))
    flipped = int((out[:, 0, 0, 0] == unit(torch.tensor(4))).sum())
    assert 430 <= flipped <= 570  # 500 +- 4.4 deviations of 15.8
    assert flipped + int((out[:, 0, 0, 0] == unit(torch.tensor(1))).sum()) == 1000


def test_crops_shift_by_every_offset_alike() -> None:
    x_NCHW = numbered(n=2500, h=5, w=5)
    out = run(sample.augment(pad=2), x_NCHW)
    # with 2 pixels of padding the middle shows pixel 13 + 5 dy + dx for dx, dy in -2 .. 2
    counts = torch.bincount(((out[:, 0, 2, 2] + 0.5) * 255).round().long(), minlength=26)[1:]
    assert int(counts.min()) > 60 and int(counts.max()) < 140  # 100 each, deviation 9.8


def test_cropping_alone_mirrors_nothing() -> None:
    out = (run(sample.augment(pad=1), numbered(n=200)) + 0.5) * 255
    left, right = out[:, 0, 1, 1], out[:, 0, 1, 2]  # never in the padding
    assert (right - left).tolist() == pytest.approx([1.0] * 200, abs=1e-3)


def test_switching_one_kind_off_leaves_the_draws_of_the_others() -> None:
    x_NCHW = numbered(n=100)
    both = run(sample.augment(flip=True, cutout=1), x_NCHW)
    flip, cut = run(sample.augment(flip=True), x_NCHW), run(sample.augment(cutout=1), x_NCHW)
    assert torch.equal(both == 0, cut == 0)
    assert torch.equal(torch.where(both == 0, flip, both), flip)


def test_the_draws_leave_torchs_own_generator_alone() -> None:
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    run(sample.augment(pad=2, flip=True, cutout=2, min_area=0.5), numbered(n=8))
    assert torch.equal(torch.rand(1), expected)
