"""Which folders jobs may read images from: those that the worker's owner named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..files import is_below
from ..protocol.messages import DataSpec
from .dataset import Data, open_data
from .source import data_error


def keep_below(folders: tuple[Path, ...]) -> Callable[[DataSpec, frozenset[str]], Data]:
    """open_data that refuses other folders before it looks whether they are there"""

    def opened(spec: DataSpec, allow_modules: frozenset[str]) -> Data:
        kind = spec.WhichOneof("source")
        if kind in ("fashion_mnist", "folder"):
            root = spec.folder.root if kind == "folder" else spec.fashion_mnist.root
            if not _allowed(root, folders):
                raise data_error(
                    f"this worker may not read images from {root}", f"its owner allows it with --data-folder {root}"
                )
        return open_data(spec, allow_modules)

    return opened


def _allowed(root: str, folders: tuple[Path, ...]) -> bool:
    try:
        return Path(root).is_absolute() and any(is_below(folder, Path(root)) for folder in folders)
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return False
