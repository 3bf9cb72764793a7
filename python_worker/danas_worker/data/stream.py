"""A stream: an endless sequence of batches, each a function of (seed, name, position) alone."""

from __future__ import annotations

import torch
from torch import Tensor

from ..protocol.messages import StreamSpec
from ..seeds import draw_seed
from .augment import augmented
from .images import Images

# Shapes: N images of a batch, C channels, H height, W width, K classes.


class Stream:
    """
    Epoch e is a permutation of the stream's images drawn from (seed, name, e); batch b is its slice. A shuffled stream
    drops the incomplete last batch unless it is the only one; an unshuffled one keeps it.
    """

    def __init__(
        self,
        spec: StreamSpec,
        images: Images,
        index_N: Tensor,
        y_N: Tensor,
        active_K: Tensor | None,
        mean_C: Tensor,
        std_C: Tensor,
        device: torch.device,
        channels_last: bool,
    ) -> None:
        self.spec = spec
        self.device = device
        self.active_K = None if active_K is None else active_K.to(device)
        """which logits are active; None = all"""
        self._images = images
        self._index_N = index_N
        self._y_N = y_N
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        # (x - mean) / std of uint8 pixels, as one multiply-add
        self._scale = (1 / (255 * std_C)).view(1, -1, 1, 1).to(device)
        self._shift = (-mean_C / std_C).view(1, -1, 1, 1).to(device)
        self._order: tuple[int, Tensor] = (-1, index_N)

    @property
    def batches_per_pass(self) -> int:
        count, size = len(self._index_N), self.spec.batch_size
        return max(1, count // size) if self.spec.shuffle else -(-count // size)

    def batch(self, b: int) -> tuple[Tensor, Tensor]:
        """x_NCHW float32 normalised, y_N int64, both on the device"""
        rows_N = self._rows(b)
        x_NCHW = self._images.take(self._index_N[rows_N], self.device)
        self._images.soon(self._index_N[self._rows(b + 1)])
        y_N = self._y_N[rows_N].to(self.device, non_blocking=True)
        if not self.spec.HasField("augment"):
            x_NCHW = self._normalised(x_NCHW)
        else:
            generator = torch.Generator().manual_seed(draw_seed("augment", self.spec.seed, self.spec.name, b))
            x_NCHW = augmented(x_NCHW, self.spec.augment, generator, self._normalised)
        return x_NCHW.contiguous(memory_format=self._format), y_N

    def _normalised(self, x_NCHW: Tensor) -> Tensor:
        return torch.addcmul(self._shift, x_NCHW.to(torch.float32), self._scale)

    def _rows(self, b: int) -> Tensor:
        """positions in the stream's images"""
        epoch, position = divmod(b, self.batches_per_pass)
        start = position * self.spec.batch_size
        return self._epoch_order(epoch)[start : start + self.spec.batch_size]

    def _epoch_order(self, epoch: int) -> Tensor:
        if not self.spec.shuffle:
            return torch.arange(len(self._index_N))
        if self._order[0] != epoch:  # the memo only saves time
            generator = torch.Generator().manual_seed(draw_seed("order", self.spec.seed, self.spec.name, epoch))
            self._order = (epoch, torch.randperm(len(self._index_N), generator=generator))
        return self._order[1]
