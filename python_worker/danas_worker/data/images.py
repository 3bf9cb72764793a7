"""Images as the worker keeps them: uint8, in the input's shape, in memory where they fit, else decoded when needed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..protocol.messages import DataSpec, InputShape

# Shapes: N images, C channels, H height, W width.

EAGER_BYTES = 4 << 30
"""up to here a pool is decoded once, at the start; a constant, for digests must not depend on the machine's memory"""

DECODERS = min(8, os.cpu_count() or 1)
"""threads that decode: Pillow lets go of the interpreter's lock while it does"""

AHEAD = 4
"""batches decoded before they are asked for; each stream has one on its way"""


class Images(Protocol):
    """a fixed sequence of images"""

    def __len__(self) -> int: ...

    def take(self, indices_N: Tensor, device: torch.device) -> Tensor:
        """x_NCHW uint8 on the device"""
        ...

    def soon(self, indices_N: Tensor) -> None:
        """These will probably be taken next: a hint that changes nothing but the time it takes."""
        ...

    def digest(self, index: int) -> bytes:
        """names the image's content, for fingerprints"""
        ...


class HeldImages:
    """all in one tensor, moved to the device where it fits there"""

    def __init__(self, x_NCHW: Tensor, on_device: DataSpec.Residence, digests: list[bytes] | None = None) -> None:
        """`digests`: of the files they were decoded from; without, of the pixels"""
        self.x_NCHW = x_NCHW
        self.on_device = on_device
        self._digests = digests
        self._moved: dict[torch.device, Tensor | None] = {}

    def __len__(self) -> int:
        return self.x_NCHW.shape[0]

    def take(self, indices_N: Tensor, device: torch.device) -> Tensor:
        if device.type == "cpu":
            return self.x_NCHW[indices_N]
        held = self._on(device)
        if held is not None:
            return held[indices_N.to(device, non_blocking=True)]
        return self.x_NCHW[indices_N].pin_memory().to(device, non_blocking=True)

    def soon(self, indices_N: Tensor) -> None:
        pass

    def digest(self, index: int) -> bytes:
        if self._digests is None:
            self._digests = [hashlib.sha256(x_CHW).digest() for x_CHW in self.x_NCHW.contiguous().numpy()]
        return self._digests[index]

    def _on(self, device: torch.device) -> Tensor | None:
        if device not in self._moved:
            fits = self.on_device == DataSpec.always
            if self.on_device == DataSpec.auto:
                # half of what is free is left to the model
                fits = self.x_NCHW.numel() <= torch.cuda.mem_get_info(device)[0] // 2
            self._moved[device] = self.x_NCHW.to(device) if fits else None
        return self._moved[device]


@dataclass(frozen=True)
class Encoded:
    """images that must be decoded"""

    count: int
    load: Callable[[int], tuple[Tensor, bytes]]
    """x_CHW uint8 of an image, and a digest of its content; raises JobFailed where it cannot be read"""
    name: Callable[[int], bytes]
    """a digest that does without reading it"""
    threads: int
    """1: in the thread that asks and no other, for code that was never meant for several"""


class LazyImages:
    """decoded batch by batch; the same index always gives the same image"""

    # by hand: torch's DataLoader with this order as its batch_sampler (2 forked workers, JPEG to 224x224, batch 64, 2
    # cores, in turn) took 1.15 times as long, 0.35 s more to the first batch of each stream, and forks beside gRPC

    def __init__(self, encoded: Encoded) -> None:
        self._encoded = encoded
        self._pool = ThreadPoolExecutor(encoded.threads, "decode") if encoded.threads > 1 else None
        self._ahead: dict[bytes, list[Future[Tensor]]] = {}

    def __len__(self) -> int:
        return self._encoded.count

    def take(self, indices_N: Tensor, device: torch.device) -> Tensor:
        if self._pool is None:
            x_NCHW = torch.stack([self._decode(index) for index in indices_N.tolist()])
        else:
            started = self._ahead.pop(_key(indices_N), None) or self._start(self._pool, indices_N)
            x_NCHW = torch.stack([future.result() for future in started])
        return x_NCHW if device.type == "cpu" else x_NCHW.pin_memory().to(device, non_blocking=True)

    def soon(self, indices_N: Tensor) -> None:
        key = _key(indices_N)
        if self._pool is None or key in self._ahead:
            return
        while len(self._ahead) >= AHEAD:  # nobody came for the oldest: its job had ended there
            for future in self._ahead.pop(next(iter(self._ahead))):
                future.cancel()
        self._ahead[key] = self._start(self._pool, indices_N)

    def digest(self, index: int) -> bytes:
        return self._encoded.name(index)

    def _start(self, pool: ThreadPoolExecutor, indices_N: Tensor) -> list[Future[Tensor]]:
        return [pool.submit(self._decode, index) for index in indices_N.tolist()]

    def _decode(self, index: int) -> Tensor:
        return self._encoded.load(index)[0]


def _key(indices_N: Tensor) -> bytes:
    return indices_N.numpy().tobytes()


class JoinedImages:
    """one sequence after another"""

    def __init__(self, first: Images, second: Images) -> None:
        self.first = first
        self.second = second

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def take(self, indices_N: Tensor, device: torch.device) -> Tensor:
        in_first_N, first_N, second_N = self._parts(indices_N)
        x_NCHW = torch.cat([self.first.take(first_N, device), self.second.take(second_N, device)])
        # where each image of the batch now stands
        order_N = torch.cat([in_first_N.nonzero()[:, 0], (~in_first_N).nonzero()[:, 0]]).argsort()
        return x_NCHW[order_N.to(device, non_blocking=True)]

    def soon(self, indices_N: Tensor) -> None:
        _, first_N, second_N = self._parts(indices_N)
        self.first.soon(first_N)
        self.second.soon(second_N)

    def digest(self, index: int) -> bytes:
        held = len(self.first)
        return self.first.digest(index) if index < held else self.second.digest(index - held)

    def _parts(self, indices_N: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        in_first_N = indices_N < len(self.first)
        return in_first_N, indices_N[in_first_N], indices_N[~in_first_N] - len(self.first)


def hold_or_decode(encoded: Encoded, shape: InputShape, on_device: DataSpec.Residence) -> Images:
    """
    Held where they take up to EAGER_BYTES, or where "always" on the device asks for it; else decoded batch by batch.
    An image that cannot be read then shows only when its batch comes.
    """
    if encoded.count * shape.channels * shape.height * shape.width > EAGER_BYTES and on_device != DataSpec.always:
        return LazyImages(encoded)
    x_NCHW = torch.empty((encoded.count, shape.channels, shape.height, shape.width), dtype=torch.uint8)
    digests = [b""] * encoded.count

    def fill(index: int) -> None:
        x_NCHW[index], digests[index] = encoded.load(index)

    if encoded.threads == 1:
        for index in range(encoded.count):
            fill(index)
    else:
        with ThreadPoolExecutor(encoded.threads) as pool:
            for part in torch.arange(encoded.count).split(1_000):  # an error is told after its part, not after all
                list(pool.map(fill, part.tolist()))
    return HeldImages(x_NCHW, on_device, digests)
