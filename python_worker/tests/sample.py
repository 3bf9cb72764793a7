"""What the data's tests work with: specs with sensible fields, data sets of a few images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from danas_worker.data import Data, open_data
from danas_worker.protocol import messages as pb

ALLOWED = frozenset({"a_persons_data"})


Source = pb.FashionMnist | pb.Folder | pb.Synthetic | pb.PythonFactory


def folder(root: Path) -> pb.Folder:
    return pb.Folder(root=str(root))


def synthetic(per_class: int, noise: float = 1.0) -> pb.Synthetic:
    return pb.Synthetic(per_class=per_class, noise=noise)


def factory(name: str, options: dict[str, Any] | None = None) -> pb.PythonFactory:
    return pb.PythonFactory(factory=name, options_json=json.dumps(options or {}))


def augment(pad: int = 0, flip: bool = False, cutout: int = 0, min_area: float = 1.0) -> pb.Augment:
    return pb.Augment(pad=pad, flip=flip, cutout=cutout, min_area=min_area)


def spec(source: Source, shape: tuple[int, int, int] = (1, 4, 4), **fields: Any) -> pb.DataSpec:
    channels, height, width = shape
    kinds = {pb.FashionMnist: "fashion_mnist", pb.Folder: "folder", pb.Synthetic: "synthetic"}
    given: dict[str, Any] = {
        "input": pb.InputShape(channels=channels, height=height, width=width),
        "classes": 3,
        "valid_fraction": 0.2,
        "test_fraction": 0.1,
        "split_seed": 1,
        kinds.get(type(source), "python"): source,
    } | fields
    return pb.DataSpec(**given)


def opened(source: Source, shape: tuple[int, int, int] = (1, 4, 4), **fields: Any) -> Data:
    return open_data(spec(source, shape, **fields), ALLOWED)


class Items:
    """a map-style data set of one-coloured grey images; what an image shows is what it is"""

    def __init__(self, values: Sequence[int], labels: Sequence[int], classes: Sequence[str] | None = None) -> None:
        self.values = values
        self.labels = labels
        if classes is not None:
            self.classes = classes

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> tuple[np.ndarray[Any, Any], int]:
        return np.full((4, 4), self.values[index], dtype=np.uint8), self.labels[index]


def shown(data: Data, x_NCHW: Any) -> list[int]:
    """the values that Items were given, from a normalised batch that was not augmented"""
    pixels = (x_NCHW[:, 0, 0, 0] * data.std_C[0] + data.mean_C[0]) * 255
    return [round(float(value)) for value in pixels]


def counts(data: Data) -> dict[str, tuple[int, ...]]:
    """images of each class, by split"""
    return {pb.Split.Name(info.split): tuple(info.counts) for info in data.info.splits}


def paint(path: Path, colour: int | tuple[int, ...] = 128, size: tuple[int, int] = (4, 4), mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path
