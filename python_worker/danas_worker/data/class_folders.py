"""Images in one folder per class, the folder's name being the class's."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ..protocol.failure import JobFailed
from ..protocol.messages import DataSpec, InputShape
from .decode import fitted
from .images import DECODERS, Encoded, hold_or_decode
from .source import Pool, Source, data_error

MAX_FILE = 1 << 30
"""bytes of an image's file: what is larger is none, and reading it would fill the memory"""

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


def read_class_folders(root: Path, spec: DataSpec) -> Source:
    """`root/train` with `root/valid` (or val) and `root/test` where they are; else the classes stand in `root`."""
    top = _folders(root)
    splits = {"train": root}
    # a folder called train without folders in it is a class: of trains
    if "train" in top and _folders(root / "train"):
        splits["train"] = root / "train"
        for split, names in (("valid", ("valid", "val")), ("test", ("test",))):
            found = [name for name in names if name in top]
            if len(found) > 1:
                raise data_error(f"{root} has both {' and '.join(found)}", "keep one of them")
            if found:
                splits[split] = root / found[0]
    classes = _class_names(splits["train"])
    return Source(classes, {split: _pool(split, path, classes, spec) for split, path in splits.items()})


def _folders(root: Path) -> list[str]:
    """names of the folders in it, hidden ones left out, in the plain order of code points"""
    try:
        entries = [entry for entry in root.iterdir() if not entry.name.startswith(".")]
        for entry in entries:
            if entry.is_symlink() and not entry.exists():
                raise data_error(f"{entry} is a link that leads nowhere", "repair or remove it")
        return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError as error:
        raise _unreadable(error) from None


def _unreadable(error: OSError) -> JobFailed:
    # a zip or tar named as the root: danas unpacks nothing, so nothing in one can lead out of its folder
    archive = isinstance(error, NotADirectoryError)
    hint = "name a folder; an archive must be unpacked first" if archive else "check data.root and its permissions"
    return data_error(f"{error.filename} cannot be read: {error.strerror}", hint)


def _class_names(root: Path) -> tuple[str, ...]:
    # tools that sort "naturally" disagree about the order, so nothing is keyed by position
    names = _folders(root)
    if len(names) < 2:
        raise data_error(
            f"{root} has {len(names) or 'no'} class folder{'' if len(names) == 1 else 's'}, at least 2 are needed",
            "put the images into one folder per class",
        )
    seen: dict[str, str] = {}
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise data_error(f"the name of class folder {os.fsencode(name)!r} is not UTF-8", "rename it") from None
        key = _key(name)
        if key in seen:
            raise data_error(
                f"the class folders {seen[key]!r} and {name!r} in {root} differ only in case or in Unicode form",
                "merge or rename one: other systems would take them for the same",
            )
        seen[key] = name
    return tuple(names)


def _key(name: str) -> str:
    """the same for names that some systems take for the same"""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _pool(split: str, root: Path, classes: tuple[str, ...], spec: DataSpec) -> Pool:
    present = _folders(root)
    stranger = next((name for name in present if name not in classes), None)
    if stranger is not None:
        meant = next((name for name in classes if _key(name) == _key(stranger)), None)
        raise data_error(
            f"class folder {root / stranger} has no counterpart in the training images",
            "remove it"
            if meant is None
            else f"rename it: {ascii(stranger)} and the training images' {ascii(meant)} differ in case or Unicode form",
        )
    names: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found, others = _images_below(root, name) if name in present else ([], 0)
        if split == "train" and not found:
            seen = f": none of its {others} files ends in {', '.join(sorted(ENDINGS))}" if others else ""
            raise data_error(f"class folder {root / name} holds no image{seen}", "add images, or remove the folder")
        names += found
        labels += [label] * len(found)
    images = hold_or_decode(_encoded(root, names, spec.input), spec.input, spec.on_device)
    return Pool(images, torch.tensor(labels, dtype=torch.int64))


def _images_below(root: Path, name: str) -> tuple[list[str], int]:
    """paths relative to root, with '/', in the plain order of code points; and how many other files there are"""
    found = []
    others = 0
    try:
        for file in _files_below(root / name):
            if os.path.splitext(file)[1].lower() in ENDINGS:
                found.append(file.relative_to(root).as_posix())
            else:
                others += 1
    except OSError as error:
        raise _unreadable(error) from None
    return sorted(found), others


def _files_below(top: Path) -> Iterator[Path]:
    """Hidden files and folders left out, links followed. Raises OSError, and JobFailed where links lead in a circle."""
    folders: list[tuple[Path, frozenset[tuple[int, int]]]] = [(top, frozenset())]
    while folders:
        folder, above = folders.pop()
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            raise data_error(f"links lead in a circle at {folder}", "remove the link that leads back")
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append((folder / entry.name, above | {here}))
                else:
                    yield folder / entry.name


def _content(file: Path) -> bytes:
    """Raises OSError, and ValueError where it is no file of a sensible size: a pipe would keep the worker for ever."""
    nonblocking = getattr(os, "O_NONBLOCK", 0)
    with open(file, "rb", opener=lambda path, flags: os.open(path, flags | nonblocking)) as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no regular file")
        if status.st_size == 0:
            raise ValueError("it is empty")
        if status.st_size > MAX_FILE:
            raise ValueError(f"it has {status.st_size / 1e9:.1f} GB")
        return opened.read()


def _encoded(root: Path, names: list[str], shape: InputShape) -> Encoded:
    def load(index: int) -> tuple[Tensor, bytes]:
        file = root / names[index]
        try:
            content = _content(file)
            with Image.open(io.BytesIO(content)) as image:
                return fitted(image, shape), hashlib.sha256(content).digest()
        except UnidentifiedImageError:
            why = "it is damaged, or none"
        except Exception as error:  # Pillow's decoders raise nearly anything over a damaged file
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise data_error(f"{file} cannot be read as an image: {why}", "repair or remove it")

    def name(index: int) -> bytes:
        try:
            size = (root / names[index]).stat().st_size
        except OSError as error:
            raise _unreadable(error) from None
        return hashlib.sha256(os.fsencode(names[index]) + b"\0%d" % size).digest()

    return Encoded(len(names), load, name, DECODERS)
