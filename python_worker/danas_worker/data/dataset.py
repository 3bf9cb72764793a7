"""A data set as the search knows it: classes by name, splits, a fingerprint, and streams of batches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import words
from ..initial import draw_seed
from .images import Images
from .sources import Pool, Source, read_source
from .stream import Stream

STATISTICS_IMAGES = 20_000
"""channel means are taken over so many training images, evenly spaced"""


@dataclass(frozen=True)
class SplitImages:
    """which images of a pool belong to a split"""

    images: Images
    index_N: Tensor
    """positions in the pool, ascending"""
    y_N: Tensor
    """labels of those"""


class Data:
    def __init__(self, spec: words.DataSpec, source: Source) -> None:
        self.spec = spec
        self.classes = source.classes
        self.splits = _split(spec, source)
        self.mean_C, self.std_C = _statistics(self.splits["train"])
        infos = tuple(self._info(split) for split in words.SPLITS if split in self.splits)
        self.info = words.DataInfo(self.classes, spec.input, infos, _fingerprint(self.classes, spec.input, infos))

    @property
    def normalisation(self) -> dict[str, list[float]]:
        """per channel, of pixel values between 0 and 1"""
        return {"mean": self.mean_C.tolist(), "std": self.std_C.tolist()}

    def stream(self, spec: words.StreamSpec, device: torch.device, channels_last: bool) -> Stream:
        """Raises JobFailed where the split is empty or a class unknown."""
        split = self.splits.get(spec.split)
        if split is None or len(split.y_N) == 0:
            raise words.JobFailed(
                "data",
                f"the data has no {spec.split} images",
                "add them, or set data.validFraction or data.testFraction",
            )
        unknown = [name for name in spec.classes if name not in self.classes]
        if unknown:
            raise words.JobFailed("data", f"the data has no class {unknown[0]!r}", "the ranking is of other data")
        active_K = None
        index_N, y_N = split.index_N, split.y_N
        if spec.classes:
            active_K = torch.zeros(len(self.classes), dtype=torch.bool)
            active_K[[self.classes.index(name) for name in spec.classes]] = True
            chosen_N = active_K[y_N]
            index_N, y_N = index_N[chosen_N], y_N[chosen_N]
            if len(y_N) == 0:
                raise words.JobFailed("data", f"the classes of stream {spec.name!r} have no {spec.split} image")
        return Stream(spec, split.images, index_N, y_N, active_K, self.mean_C, self.std_C, device, channels_last)

    def _info(self, name: str) -> words.SplitInfo:
        split = self.splits[name]
        counts = torch.bincount(split.y_N, minlength=len(self.classes)).tolist()
        digest = hashlib.sha256()
        for index, label in zip(split.index_N.tolist(), split.y_N.tolist(), strict=True):
            digest.update(self.classes[label].encode() + b"\0" + split.images.digest(index))
        return words.SplitInfo(name, tuple(counts), digest.hexdigest())


def open_data(spec: words.DataSpec, allow_modules: frozenset[str]) -> Data:
    """Raises JobFailed("data")."""
    source = read_source(spec, allow_modules)
    empty = torch.bincount(source.pools["train"].y_N, minlength=len(source.classes)) == 0
    if bool(empty.any()):
        name = source.classes[int(empty.nonzero()[0])]
        raise words.JobFailed("data", f"class {name!r} has no training image", "add images, or remove the class")
    return Data(spec, source)


def _split(spec: words.DataSpec, source: Source) -> dict[str, SplitImages]:
    """
    Test and validation images are held out of the training images where the source has no such split: of each class
    its fraction, drawn from (split seed, what for, class name).
    """
    train = source.pools["train"]
    rest_N = torch.arange(len(train.y_N))
    held: dict[str, SplitImages] = {}
    for split, fraction in (("test", spec.test_fraction), ("valid", spec.valid_fraction)):
        if split in source.pools:
            pool = source.pools[split]
            held[split] = SplitImages(pool.images, torch.arange(len(pool.y_N)), pool.y_N)
        elif fraction > 0:
            out_N = _held_out(spec.split_seed, split, fraction, rest_N, train, source.classes)
            held[split] = SplitImages(train.images, out_N, train.y_N[out_N])
            rest_N = rest_N[~torch.isin(rest_N, out_N)]
    splits = {"train": SplitImages(train.images, rest_N, train.y_N[rest_N]), **held}
    full_N = rest_N
    if "valid" not in source.pools and "valid" in held:
        full_N = torch.cat([rest_N, held["valid"].index_N]).sort().values
    splits["full"] = SplitImages(train.images, full_N, train.y_N[full_N])
    return splits


def _held_out(seed: int, split: str, fraction: float, from_N: Tensor, pool: Pool, classes: tuple[str, ...]) -> Tensor:
    out = []
    for label, name in enumerate(classes):
        of_class_N = from_N[pool.y_N[from_N] == label]
        generator = torch.Generator().manual_seed(draw_seed("split", seed, split, name))
        order_N = torch.randperm(len(of_class_N), generator=generator)
        # at least one where that leaves one to train on
        count = min(max(1, round(fraction * len(of_class_N))), max(0, len(of_class_N) - 1))
        out.append(of_class_N[order_N[:count]])
    return torch.cat(out).sort().values


def _statistics(train: SplitImages) -> tuple[Tensor, Tensor]:
    """mean and deviation of each channel, of pixel values between 0 and 1"""
    count = len(train.index_N)
    chosen_N = train.index_N[:: max(1, count // STATISTICS_IMAGES)]
    sums = torch.zeros(2, 1, dtype=torch.float64)
    pixels = 0
    for part_N in chosen_N.split(1000):
        x = train.images.take(part_N, torch.device("cpu")).to(torch.float64).div_(255).transpose(0, 1).flatten(1)
        sums = sums + torch.stack([x.sum(1), x.square().sum(1)])
        pixels += x.shape[1]
    mean_C = sums[0] / pixels
    std_C = (sums[1] / pixels - mean_C.square()).clamp_min(1e-12).sqrt()
    return mean_C.float(), std_C.float()


def _fingerprint(classes: tuple[str, ...], shape: words.InputShape, infos: tuple[words.SplitInfo, ...]) -> str:
    digest = hashlib.sha256()
    parts = [*classes, f"{shape.channels}x{shape.height}x{shape.width}", *(f"{i.split}={i.hash}" for i in infos)]
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()
