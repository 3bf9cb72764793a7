"""A data set as the search knows it: classes by name, splits, a fingerprint, and streams of batches."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor

from ..protocol.failure import JobFailed
from ..protocol.messages import DataInfo, DataSpec, FailureCode, InputShape, Split, SplitInfo, StreamSpec
from ..seeds import draw_seed
from .images import Images, JoinedImages
from .source import Pool, Source
from .sources import read_source
from .stream import Stream

STATISTICS_VALUES = 1 << 29
"""channel means are taken over all training images, or so many that they hold about as many values, evenly spaced"""

STATISTICS_PART = 1 << 22
"""values looked at together"""

log = logging.getLogger("danas.worker")


@dataclass(frozen=True)
class SplitImages:
    """which images of a pool belong to a split"""

    images: Images
    index_N: Tensor
    """positions in the pool, ascending"""
    y_N: Tensor
    """labels of those"""


class Data:
    def __init__(self, spec: DataSpec, source: Source) -> None:
        self.spec = spec
        self.classes = source.classes
        self.splits = _split(spec, source)
        self.mean_C, self.std_C = _statistics(self.splits["train"], spec.input)
        infos = tuple(self._info(split) for split in Split.keys() if split in self.splits)
        self.info = DataInfo(
            classes=self.classes,
            input=spec.input,
            splits=infos,
            fingerprint=_fingerprint(self.classes, spec.input, infos),
        )

    @property
    def normalisation(self) -> dict[str, list[float]]:
        """per channel, of pixel values between 0 and 1"""
        return {"mean": self.mean_C.tolist(), "std": self.std_C.tolist()}

    def stream(self, spec: StreamSpec, device: torch.device, channels_last: bool) -> Stream:
        """Raises JobFailed where the split is empty or a class unknown."""
        name = Split.Name(spec.split)
        split = self.splits.get(name)
        if split is None or len(split.y_N) == 0:
            raise JobFailed(
                FailureCode.data,
                f"the data has no {name} images",
                "add them, or set data.validFraction or data.testFraction",
            )
        label_of = {name: label for label, name in enumerate(self.classes)}
        unknown = next((name for name in spec.classes if name not in label_of), None)
        if unknown is not None:
            raise JobFailed(FailureCode.data, f"the data has no class {unknown!r}", "the ranking is of other data")
        active_K = None
        index_N, y_N = split.index_N, split.y_N
        if spec.classes:
            active_K = torch.zeros(len(self.classes), dtype=torch.bool)
            active_K[[label_of[name] for name in spec.classes]] = True
            chosen_N = active_K[y_N]
            index_N, y_N = index_N[chosen_N], y_N[chosen_N]
            if len(y_N) == 0:
                raise JobFailed(FailureCode.data, f"the classes of stream {spec.name!r} have no {name} image")
        return Stream(spec, split.images, index_N, y_N, active_K, self.mean_C, self.std_C, device, channels_last)

    def _info(self, name: str) -> SplitInfo:
        split = self.splits[name]
        counts = torch.bincount(split.y_N, minlength=len(self.classes)).tolist()
        digest = hashlib.sha256()
        for index, label in zip(split.index_N.tolist(), split.y_N.tolist(), strict=True):
            digest.update(self.classes[label].encode() + b"\0" + split.images.digest(index))
        return SplitInfo(split=name, counts=counts, hash=digest.hexdigest())


def open_data(spec: DataSpec, allow_modules: frozenset[str]) -> Data:
    """Raises JobFailed data, with a way on."""
    started = perf_counter()
    source = read_source(spec, allow_modules)
    empty_K = torch.bincount(source.pools["train"].y_N, minlength=len(source.classes)) == 0
    if bool(empty_K.any()):
        name = source.classes[int(empty_K.nonzero()[0])]
        raise JobFailed(FailureCode.data, f"class {name!r} has no training image", "add images, or remove the class")
    data = Data(spec, source)
    counts = ", ".join(f"{Split.Name(info.split)} {sum(info.counts)}" for info in data.info.splits)
    log.info("data opened in %.1f s: %d classes, images: %s", perf_counter() - started, len(data.classes), counts)
    return data


def _split(spec: DataSpec, source: Source) -> dict[str, SplitImages]:
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
    trained = SplitImages(train.images, rest_N, train.y_N[rest_N])
    return {"train": trained, **held, "full": _together(trained, held.get("valid"))}


def _together(train: SplitImages, valid: SplitImages | None) -> SplitImages:
    """what a network may be retrained on once everything is decided"""
    if valid is None:
        return train
    images, valid_N = train.images, valid.index_N
    if valid.images is not images:
        images, valid_N = JoinedImages(images, valid.images), valid_N + len(images)
    index_N, order_N = torch.cat([train.index_N, valid_N]).sort()
    return SplitImages(images, index_N, torch.cat([train.y_N, valid.y_N])[order_N])


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


def _statistics(train: SplitImages, shape: InputShape) -> tuple[Tensor, Tensor]:
    """
    Mean and deviation of each channel, of pixel values between 0 and 1. Summed as integers, so exact, and the same
    whatever the order. A channel that never changes gets the deviation 1: normalised, it is 0.
    """
    size = shape.channels * shape.height * shape.width
    chosen_N = train.index_N[:: -(-len(train.index_N) * size // STATISTICS_VALUES)]
    sum_C = torch.zeros(shape.channels, dtype=torch.int64)
    squares_C = torch.zeros(shape.channels, dtype=torch.int64)
    for part_N in chosen_N.split(max(1, STATISTICS_PART // size)):
        x_NCHW = train.images.take(part_N, torch.device("cpu")).to(torch.int32)
        sum_C += x_NCHW.sum((0, 2, 3))
        squares_C += x_NCHW.square().sum((0, 2, 3))
    pixels = len(chosen_N) * shape.height * shape.width
    mean_C = sum_C.double() / pixels
    variance_C = squares_C.double() / pixels - mean_C.square()
    std_C = torch.where(variance_C < 1e-3, 255.0, variance_C.clamp_min(0).sqrt())
    return (mean_C / 255).float(), (std_C / 255).float()


def _fingerprint(classes: tuple[str, ...], shape: InputShape, infos: tuple[SplitInfo, ...]) -> str:
    digest = hashlib.sha256()
    hashes = [f"{Split.Name(info.split)}={info.hash}" for info in infos]
    parts = [*classes, f"{shape.channels}x{shape.height}x{shape.width}", *hashes]
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()
