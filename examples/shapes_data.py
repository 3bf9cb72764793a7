"""Data sets for examples/python-data.yaml: discs, squares, crosses and rings, drawn from a seed.

A factory is called with the config's ``data.options`` as keyword arguments and returns map-style data sets by split; each
item is an image (a float tensor of C x H x W in [0, 1], or a PIL image) and its label. ``classes`` names them.
"""

from __future__ import annotations

import torch
from torch.utils.data import Dataset

CLASSES = ("disc", "square", "cross", "ring")


class Shapes(Dataset[tuple[torch.Tensor, int]]):
    """``per_class`` images of each shape; image i is a function of (seed, i) alone."""

    classes = list(CLASSES)

    def __init__(self, per_class: int, noise: float, seed: int, side: int = 32) -> None:
        self.per_class = per_class
        self.noise = noise
        self.seed = seed
        self.side = side

    def __len__(self) -> int:
        return self.per_class * len(CLASSES)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        label = index % len(CLASSES)
        draw = torch.Generator().manual_seed(self.seed * 1_000_003 + index)
        x0, y0 = (self.side * (0.35 + 0.3 * torch.rand(2, generator=draw))).tolist()
        radius = self.side * (0.15 + 0.15 * torch.rand((), generator=draw).item())
        y, x = torch.meshgrid(torch.arange(self.side), torch.arange(self.side), indexing="ij")
        dx, dy = (x - x0).abs() / radius, (y - y0).abs() / radius
        distance = (dx**2 + dy**2).sqrt()
        shape = {
            "disc": distance < 1,
            "square": (dx < 0.9) & (dy < 0.9),
            "cross": ((dx < 0.3) & (dy < 1)) | ((dy < 0.3) & (dx < 1)),
            "ring": (distance < 1) & (distance > 0.6),
        }[CLASSES[label]]
        image = shape.float() + self.noise * torch.randn(self.side, self.side, generator=draw)
        return image.clamp(0, 1).unsqueeze(0), label


def make(per_class: int = 200, noise: float = 0.3) -> dict[str, Shapes]:
    """Train and test sets; the validation images are held out of train by danas."""
    return {"train": Shapes(per_class, noise, seed=1), "test": Shapes(per_class // 4, noise, seed=2)}
