"""Pictures of every kind become uint8 pixels of the network's shape."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from danas_worker.data.decode import fitted, from_anything
from danas_worker.protocol import messages as pb

GREY = pb.InputShape(channels=1, height=2, width=2)
COLOUR = pb.InputShape(channels=3, height=2, width=2)


def pixel(image: Image.Image, shape: pb.InputShape) -> list[int]:
    return fitted(image, shape)[:, 0, 0].tolist()


def test_a_grey_picture_becomes_colour_with_three_equal_channels() -> None:
    assert pixel(Image.new("L", (2, 2), 77), COLOUR) == [77, 77, 77]
    assert pixel(Image.new("1", (2, 2), 1), COLOUR) == [255, 255, 255]


def test_a_colour_picture_becomes_grey_by_its_luma() -> None:
    # ITU-R 601: 0.299 R + 0.587 G + 0.114 B
    assert pixel(Image.new("RGB", (2, 2), (200, 100, 50)), GREY) == [round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]


def test_the_fourth_channel_is_dropped() -> None:
    assert pixel(Image.new("RGBA", (2, 2), (10, 20, 30, 0)), COLOUR) == [10, 20, 30]
    assert pixel(Image.new("LA", (2, 2), (40, 0)), GREY) == [40]


def test_ink_becomes_light() -> None:
    assert pixel(Image.new("CMYK", (2, 2), (255, 0, 0, 0)), COLOUR) == [0, 255, 255]


def test_a_palette_with_transparency_is_read_without_a_warning(tmp_path: Path) -> None:
    image = Image.new("P", (2, 2), 1)
    image.putpalette([0, 0, 0, 9, 8, 7])
    image.save(tmp_path / "p.png", transparency=b"\0\x80")
    with Image.open(tmp_path / "p.png") as opened, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pixel(opened, COLOUR) == [9, 8, 7]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 2), 65_535, dtype=np.uint16)).save(tmp_path / "white.png")
    Image.fromarray(np.full((2, 2), 257 * 90, dtype=np.uint16)).save(tmp_path / "grey.png")
    for name, value in (("white", 255), ("grey", 90)):
        with Image.open(tmp_path / f"{name}.png") as opened:
            assert pixel(opened, GREY) == [value]
            assert pixel(opened, COLOUR) == [value] * 3


def test_pixels_that_are_no_brightness_are_refused() -> None:
    with pytest.raises(ValueError, match="neither 8 nor 16 bits"):
        fitted(Image.new("F", (2, 2), 0.5), GREY)


def test_the_middle_is_cut_out_where_the_short_side_fits() -> None:
    wide = Image.fromarray(np.arange(8, dtype=np.uint8)[None].repeat(2, 0))
    assert fitted(wide, GREY)[0].tolist() == [[3, 4], [3, 4]]
    tall = Image.fromarray(np.arange(6, dtype=np.uint8)[:, None].repeat(2, 1))
    assert fitted(tall, GREY)[0].tolist() == [[2, 2], [3, 3]]


def test_the_short_side_is_resized_and_then_the_middle_cut_out() -> None:
    # 4 high, 8 wide, its halves 0 and 200: at half its size 2 x 4, the middle two columns are the border's two sides
    halves = Image.fromarray(np.array([[0] * 4 + [200] * 4] * 4, dtype=np.uint8))
    left, right = fitted(halves, GREY)[0, 0].tolist()
    assert left < 50 and right > 150
    assert left + right == pytest.approx(200, abs=1), "an even filter"


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 2), (300, 7)])
@pytest.mark.parametrize("shape", [GREY, COLOUR, pb.InputShape(channels=3, height=5, width=3)])
def test_a_picture_of_one_colour_keeps_it_at_any_size(size: tuple[int, int], shape: pb.InputShape) -> None:
    x_CHW = fitted(Image.new("L", size, 99), shape)
    assert x_CHW.shape == (shape.channels, shape.height, shape.width)
    assert set(x_CHW.flatten().tolist()) == {99}


HW = np.array([[0, 51], [102, 255]], dtype=np.uint8)
HWC = np.stack([HW, HW, HW], axis=2)


@pytest.mark.parametrize(
    "given",
    [
        HW,
        HW[:, :, None],
        HWC,
        HW.astype(np.int64),
        HW / 255,
        (HW / 255).astype(np.float16),
        torch.from_numpy(HW),
        torch.from_numpy(HW)[None],
        torch.from_numpy(HWC).permute(2, 0, 1),
        torch.from_numpy(HW / 255)[None].requires_grad_(),
        Image.fromarray(HW),
        HW.tolist(),
    ],
)
def test_a_data_set_may_give_arrays_tensors_and_pictures(given: object) -> None:
    assert from_anything(given, GREY).tolist() == [HW.tolist()]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (torch.randn(1, 2, 2) * 3, "between 0 and 1"),
        (np.full((2, 2), np.nan), "between 0 and 1"),
        (np.full((2, 2), 256), "between 0 and 255"),
        (np.full((2, 2), -1), "between 0 and 255"),
        (np.zeros((2, 2), dtype=bool), "bool"),
        (np.zeros((2, 2, 2)), "channels"),
        (torch.zeros(2, 2, 3), "channels"),  # a tensor's channels come first
        (np.zeros((0, 2)), "shape"),
        (np.zeros(4), "shape"),
        ("cat.png", "shape"),
        (None, "shape"),
    ],
)
def test_anything_else_is_refused(given: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_anything(given, GREY)
