"""From what a job names to a source of images."""

from __future__ import annotations

from pathlib import Path

from .. import words
from .class_folders import read_class_folders
from .factory import read_factory
from .fashion_mnist import read_fashion_mnist
from .source import Source, data_error
from .synthetic import make_synthetic


def read_source(spec: words.DataSpec, allow_modules: frozenset[str]) -> Source:
    """Raises JobFailed("data") with a way on where the source cannot be read."""
    if not isinstance(spec.source, words.Synthetic) and spec.input.channels not in (1, 3):
        raise data_error(f"images have 1 or 3 channels, not {spec.input.channels}", "set data.input, e.g. 3x64x64")
    match spec.source:
        case words.FashionMnist(root):
            return read_fashion_mnist(Path(root), spec)
        case words.Folder(root):
            return read_class_folders(Path(root), spec)
        case words.Synthetic():
            return make_synthetic(spec.source, spec)
        case words.PythonFactory():
            return read_factory(spec.source, spec, allow_modules)
