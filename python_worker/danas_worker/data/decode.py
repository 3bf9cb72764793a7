"""From a picture, whatever its kind, to uint8 pixels of the shape that the networks take."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..protocol.messages import InputShape


def fitted(image: Image.Image, shape: InputShape) -> Tensor:
    """
    x_CHW uint8: made grey or colour as the input wants it, the short side resized with an antialiased bilinear filter,
    the centre cropped. Transparency is dropped, 16 bits become 8, a note to turn the picture (EXIF) is not followed: as
    torchvision does. Raises ValueError where the pixels are no brightness at all, as in some scientific files.
    """
    mode = "L" if shape.channels == 1 else "RGB"
    if image.mode == "F" or image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.mode != mode:
        # palettes with transparency warn unless they pass through RGBA
        image = image.convert("RGBA").convert(mode) if image.mode == "P" else image.convert(mode)
    width, height = image.size
    if (width, height) != (shape.width, shape.height):
        scale = max(shape.width / width, shape.height / height)
        size = (max(shape.width, round(width * scale)), max(shape.height, round(height * scale)))
        left, top = (size[0] - shape.width) // 2, (size[1] - shape.height) // 2
        image = image.resize(size, Image.Resampling.BILINEAR)
        image = image.crop((left, top, left + shape.width, top + shape.height))
    x = torch.from_numpy(np.array(image, dtype=np.uint8))
    return x[None] if x.ndim == 2 else x.permute(2, 0, 1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey: Pillow's own conversion would cut everything above 255 to white"""
    pixels = np.asarray(image)
    if image.mode == "F" or pixels.min() < 0 or pixels.max() > 65_535:
        raise ValueError(f"its pixels ({image.mode}) are neither 8 nor 16 bits")
    return Image.fromarray(((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8))


def from_anything(value: Any, shape: InputShape) -> Tensor:
    """
    x_CHW uint8 of what a person's data set gives: a Pillow image, an array HW or HWC, a tensor HW or CHW; floats
    between 0 and 1, integers between 0 and 255. Raises ValueError for anything else.
    """
    if isinstance(value, Image.Image):
        return fitted(value, shape)
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
        array = value.transpose(1, 2, 0) if value.ndim == 3 else value
    else:
        array = np.asarray(value)
    array = array[:, :, None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ValueError(f"an image of shape {array.shape} is neither height x width nor that with 1, 3 or 4 channels")
    if np.issubdtype(array.dtype, np.floating):
        # written so that NaN fails
        if not (array.min() >= 0 and array.max() <= 1):
            raise ValueError("a floating-point image must be between 0 and 1: leave normalisation to danas")
        array = np.round(array.astype(np.float64) * 255)
    elif not np.issubdtype(array.dtype, np.integer) or array.min() < 0 or array.max() > 255:
        raise ValueError(f"an image of {array.dtype} must be of integers between 0 and 255, or of floats up to 1")
    array = np.ascontiguousarray(array.astype(np.uint8))
    return fitted(Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array), shape)
