"""From what a job names to a source of images."""

from __future__ import annotations

from pathlib import Path

from ..protocol.messages import DataSpec
from .class_folders import read_class_folders
from .factory import read_factory
from .fashion_mnist import read_fashion_mnist
from .source import Source, data_error
from .synthetic import make_synthetic


def read_source(spec: DataSpec, allow_modules: frozenset[str]) -> Source:
    """Raises JobFailed data, with a way on, where the source cannot be read."""
    kind = spec.WhichOneof("source")
    if kind != "synthetic" and spec.input.channels not in (1, 3):
        raise data_error(f"images have 1 or 3 channels, not {spec.input.channels}", "set data.input, e.g. 3x64x64")
    match kind:
        case "fashion_mnist":
            return read_fashion_mnist(Path(spec.fashion_mnist.root), spec)
        case "folder":
            return read_class_folders(Path(spec.folder.root), spec)
        case "synthetic":
            return make_synthetic(spec.synthetic, spec)
        case "python":
            return read_factory(spec.python, spec, allow_modules)
    raise ValueError("the data has no source that this worker knows")
