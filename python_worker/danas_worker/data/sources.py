"""The kinds of sources: each gives class names and one pool of labelled images per split that it has."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from .. import words
from ..initial import draw_seed
from .images import HeldImages, Images, fitted, from_anything, hold_or_decode

IMAGE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


@dataclass(frozen=True)
class Pool:
    """images with their labels, in a fixed order"""

    images: Images
    y_N: Tensor
    """int64, positions in the source's classes"""


@dataclass(frozen=True)
class Source:
    classes: tuple[str, ...]
    pools: dict[str, Pool]
    """by split; `train` is always there"""


def read_source(spec: words.DataSpec, allow_modules: frozenset[str]) -> Source:
    """Raises JobFailed("data") with a way on where the source cannot be read."""
    match spec.source:
        case words.FashionMnist(root):
            return _fashion_mnist(Path(root), spec)
        case words.Folder(root):
            return _folder(Path(root), spec)
        case words.Synthetic(per_class, noise):
            return _synthetic(per_class, noise, spec)
        case words.PythonFactory():
            return _python(spec.source, spec, allow_modules)


def _data_error(message: str, hint: str = "") -> words.JobFailed:
    return words.JobFailed("data", message, hint)


# ---- Fashion-MNIST --------------------------------------------------------------------------------------------------

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

FASHION_SUMS = {
    # sha256 of the uncompressed files: mirrors compress them differently
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def _fashion_mnist(root: Path, spec: words.DataSpec) -> Source:
    pools = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images = _idx(root, f"{prefix}-images-idx3-ubyte", header=16).reshape(-1, 28, 28)
        labels = _idx(root, f"{prefix}-labels-idx1-ubyte", header=8)
        shape = spec.input
        if (shape.channels, shape.height, shape.width) == (1, 28, 28):
            x_NCHW = torch.from_numpy(images.copy())[:, None]
        else:
            x_NCHW = torch.stack([fitted(Image.fromarray(image), shape) for image in images])
        pools[split] = Pool(HeldImages(x_NCHW, spec.on_device), torch.from_numpy(labels.astype(np.int64)))
    return Source(FASHION_CLASSES, pools)


def _idx(root: Path, name: str, header: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    hint = "npm run setup fetches it; or name a folder with the four published files in data.root"
    file = next((path for path in (root / f"{name}.gz", root / name) if path.is_file()), None)
    if file is None:
        raise _data_error(f"{name}.gz is not in {root}", hint)
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError) as error:
        raise _data_error(f"{file} cannot be read: {error}", hint) from None
    if hashlib.sha256(content).hexdigest() != FASHION_SUMS[name]:
        raise _data_error(f"{file} is not the published file (its sha256 differs)", hint)
    return np.frombuffer(content, np.uint8, offset=header)


# ---- class folders --------------------------------------------------------------------------------------------------


def _folder(root: Path, spec: words.DataSpec) -> Source:
    if spec.input.channels not in (1, 3):
        raise _data_error(f"images have 1 or 3 channels, not {spec.input.channels}", "set data.input, e.g. 3x64x64")
    try:
        named = {path.name: path for path in root.iterdir() if path.is_dir()}
    except OSError as error:
        raise _data_error(f"{root} cannot be read: {error.strerror}", "check data.root and its permissions") from None
    if "train" in named:
        splits = {"train": named["train"]}
        for split, names in (("valid", ("valid", "val")), ("test", ("test",))):
            found = next((named[name] for name in names if name in named), None)
            if found is not None:
                splits[split] = found
    else:
        splits = {"train": root}
    classes = _class_names(splits["train"])
    return Source(classes, {split: _folder_pool(path, classes, spec) for split, path in splits.items()})


def _class_names(root: Path) -> tuple[str, ...]:
    # plain order of code points: tools that sort "naturally" disagree, so nothing is keyed by position
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(names) < 2:
        raise _data_error(
            f"{root} has {len(names)} class folder{'' if len(names) == 1 else 's'}, at least 2 are needed",
            "put the images into one folder per class",
        )
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise _data_error(
                f"the class folders {seen[key]!r} and {name!r} in {root} differ only in case or in Unicode form",
                "merge or rename one: other systems would take them for the same",
            )
        seen[key] = name
    return tuple(names)


def _folder_pool(root: Path, classes: tuple[str, ...], spec: words.DataSpec) -> Pool:
    files: list[Path] = []
    labels: list[int] = []
    strangers = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    for name in strangers:
        if name not in classes:
            raise _data_error(f"class folder {root / name} has no counterpart in the training images", "remove it")
    for label, name in enumerate(classes):
        folder = root / name
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_ENDINGS) if folder.is_dir() else []
        files += found
        labels += [label] * len(found)
    names = [str(path.relative_to(root)) for path in files]
    return Pool(
        hold_or_decode(_file_loader(files, spec.input), names, spec.input, spec.on_device), torch.tensor(labels)
    )


def _file_loader(files: list[Path], shape: words.InputShape) -> Callable[[int], Tensor]:
    def load(index: int) -> Tensor:
        try:
            with Image.open(files[index]) as image:
                return fitted(image, shape)
        except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
            raise _data_error(f"{files[index]} cannot be read as an image: {error}", "repair or remove it") from None

    return load


# ---- synthetic ------------------------------------------------------------------------------------------------------


def _synthetic(per_class: int, noise: float, spec: words.DataSpec) -> Source:
    """Class templates plus noise. The templates of later classes are fainter, so later classes are harder. Made up."""
    shape = (spec.input.channels, spec.input.height, spec.input.width)
    blocks: list[Tensor] = []
    for label in range(spec.classes):
        generator = torch.Generator().manual_seed(draw_seed("synthetic", spec.split_seed, label))
        template = torch.randn(shape, generator=generator)
        strength = 1.0 - 0.6 * label / spec.classes
        x = template * strength + noise * torch.randn((per_class, *shape), generator=generator)
        blocks.append((128 + 48 * x).clamp_(0, 255).to(torch.uint8))
    y_N = torch.arange(spec.classes).repeat_interleave(per_class)
    digits = len(str(spec.classes - 1))
    classes = tuple(f"class-{label:0{digits}d}" for label in range(spec.classes))
    return Source(classes, {"train": Pool(HeldImages(torch.cat(blocks), spec.on_device), y_N)})


# ---- a person's own data sets ---------------------------------------------------------------------------------------


def _python(source: words.PythonFactory, spec: words.DataSpec, allow_modules: frozenset[str]) -> Source:
    module_name, _, function_name = source.factory.partition(":")
    if not module_name or not function_name:
        raise _data_error(f"{source.factory!r} is not module:function", "write data.factory as my_module:make_data")
    if module_name not in allow_modules:
        raise _data_error(
            f"this worker may not import {module_name!r}",
            f"its owner allows it with --allow-module {module_name} (worker.allowModules for a local worker)",
        )
    try:
        made = getattr(importlib.import_module(module_name), function_name)(**source.options)
    except Exception as error:  # whatever a person's own code raises is theirs to read
        raise _data_error(
            f"{source.factory} failed: {type(error).__name__}: {error}", "try it in Python alone"
        ) from error
    if not isinstance(made, dict) or "train" not in made:
        raise _data_error(f"{source.factory} must return a dict of data sets with at least 'train'")
    sets = {split: made[split] for split in ("train", "valid", "test") if split in made}
    classes = made.get("classes") or getattr(made["train"], "classes", None)
    if classes is None:
        classes = [str(label) for label in range(spec.classes)]
    names = tuple(str(name) for name in classes)
    return Source(names, {split: _python_pool(split, items, names, spec) for split, items in sets.items()})


def _python_pool(split: str, items: Any, classes: tuple[str, ...], spec: words.DataSpec) -> Pool:
    def load(index: int) -> Tensor:
        try:
            return from_anything(items[index][0], spec.input)
        except (ValueError, TypeError, OSError) as error:
            raise _data_error(f"image {index} of split {split}: {error}", "check the data set's __getitem__") from None

    # `targets` is what torchvision's data sets call their labels: with it no image need be read to know them
    targets = getattr(items, "targets", None)
    labels = [int(t) for t in targets] if targets is not None else [int(items[i][1]) for i in range(len(items))]
    wrong = next((label for label in labels if not 0 <= label < len(classes)), None)
    if wrong is not None:
        raise _data_error(f"split {split} has a label {wrong}, but there are {len(classes)} classes")
    names = [f"{split}/{index}" for index in range(len(labels))]
    return Pool(hold_or_decode(load, names, spec.input, spec.on_device), torch.tensor(labels, dtype=torch.int64))
