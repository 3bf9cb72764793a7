"""Images as the worker keeps them: uint8, in the input's shape, in memory where they fit, else decoded when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import words

# Shapes: N images, C channels, H height, W width.

EAGER_BYTES = 4 << 30
"""up to here a split is decoded once, at the start"""

DECODERS = 8
"""threads that decode images: Pillow lets go of the interpreter's lock while it does"""


class Images(Protocol):
    """a fixed sequence of images"""

    def __len__(self) -> int: ...

    def take(self, indices_N: Tensor, device: torch.device) -> Tensor:
        """x_NCHW uint8 on the device"""
        ...

    def digest(self, index: int) -> bytes:
        """names the image's content, for fingerprints"""
        ...


class HeldImages:
    """all in one tensor, moved to the device where it fits there"""

    def __init__(self, x_NCHW: Tensor, on_device: str) -> None:
        self.x_NCHW = x_NCHW
        self.on_device = on_device
        self._moved: dict[torch.device, Tensor] = {}

    def __len__(self) -> int:
        return self.x_NCHW.shape[0]

    def take(self, indices_N: Tensor, device: torch.device) -> Tensor:
        if device.type == "cpu":
            return self.x_NCHW[indices_N]
        held = self._on(device)
        if held is not None:
            return held[indices_N.to(device, non_blocking=True)]
        return self.x_NCHW[indices_N].pin_memory().to(device, non_blocking=True)

    def digest(self, index: int) -> bytes:
        return hashlib.sha256(self.x_NCHW[index].numpy().tobytes()).digest()

    def _on(self, device: torch.device) -> Tensor | None:
        if self.on_device == "never":
            return None
        if device not in self._moved:
            size = self.x_NCHW.numel()
            # half of what is free is left to the model
            if self.on_device == "auto" and size > torch.cuda.mem_get_info(device)[0] // 2:
                return None
            self._moved[device] = self.x_NCHW.to(device)
        return self._moved[device]


class LazyImages:
    """decoded batch by batch; the same index always gives the same image"""

    def __init__(self, load: Callable[[int], Tensor], names: Sequence[str]) -> None:
        self.load = load
        self.names = names
        self._pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")

    def __len__(self) -> int:
        return len(self.names)

    def take(self, indices_N: Tensor, device: torch.device) -> Tensor:
        x_NCHW = torch.stack(list(self._pool.map(self.load, indices_N.tolist())))
        if device.type == "cpu":
            return x_NCHW
        return x_NCHW.pin_memory().to(device, non_blocking=True)

    def digest(self, index: int) -> bytes:
        return hashlib.sha256(self.names[index].encode()).digest()


def hold_or_decode(
    load: Callable[[int], Tensor], names: Sequence[str], shape: words.InputShape, on_device: str
) -> Images:
    """held where they fit into memory, else lazy; `load` raises JobFailed where an image cannot be read"""
    size = len(names) * shape.channels * shape.height * shape.width
    if size > EAGER_BYTES and on_device != "always":
        return LazyImages(load, names)
    x_NCHW = torch.empty((len(names), shape.channels, shape.height, shape.width), dtype=torch.uint8)
    with ThreadPoolExecutor(DECODERS) as pool:
        for index, x_CHW in enumerate(pool.map(load, range(len(names)))):
            x_NCHW[index] = x_CHW
    return HeldImages(x_NCHW, on_device)


def fitted(image: Image.Image, shape: words.InputShape) -> Tensor:
    """
    x_CHW uint8: grey or colour as the input wants it (transparency is dropped), the short side resized with an
    antialiased bilinear filter, the centre cropped.
    """
    mode = "L" if shape.channels == 1 else "RGB"
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


def from_anything(value: Any, shape: words.InputShape) -> Tensor:
    """x_CHW uint8 of what a person's data set gives: a Pillow image, an array HW or HWC, a tensor HW or CHW"""
    if isinstance(value, Image.Image):
        return fitted(value, shape)
    if isinstance(value, Tensor):
        array = (value[None] if value.ndim == 2 else value).permute(1, 2, 0).cpu().numpy()
    else:
        array = np.asarray(value)
        array = array[:, :, None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise ValueError(f"an image of shape {array.shape} is neither height x width nor that with 1, 3 or 4 channels")
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise ValueError("a floating-point image must be between 0 and 1: leave normalisation to danas")
        array = np.round(array * 255)
    array = array.astype(np.uint8)
    return fitted(Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array), shape)
