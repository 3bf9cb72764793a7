"""Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), as its authors publish it: four idx files, gzipped or not."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..protocol.messages import DataSpec
from .decode import fitted
from .images import HeldImages
from .source import Pool, Source, data_error

CLASSES = (
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

SHA256 = {
    # of the uncompressed files: mirrors compress them differently
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

MAX_BYTES = 60_000 * 28 * 28 + 16
"""of the largest of the four, uncompressed: more is not read, whatever a gzip claims to hold"""

HINT = "npm run setup fetches it; or name a folder with the four published files in data.root"

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def read_fashion_mnist(root: Path, spec: DataSpec) -> Source:
    """28 x 28 grey images, 60,000 to train and 10,000 to test; resized where the spec wants another shape."""
    pools = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images_NHW = _idx(root, f"{prefix}-images-idx3-ubyte", dimensions=3)
        labels_N = _idx(root, f"{prefix}-labels-idx1-ubyte", dimensions=1)
        shape = spec.input
        if (shape.channels, shape.height, shape.width) == (1, *images_NHW.shape[1:]):
            x_NCHW = torch.from_numpy(images_NHW.copy())[:, None]
        else:
            x_NCHW = torch.stack([fitted(Image.fromarray(image), shape) for image in images_NHW])
        pools[split] = Pool(HeldImages(x_NCHW, spec.on_device), torch.from_numpy(labels_N.astype(np.int64)))
    return Source(CLASSES, pools)


def _idx(root: Path, name: str, dimensions: int) -> Bytes:
    """An idx file [LeCun]: two zero bytes, the type (8 = uint8), the number of dimensions, each as uint32, the data."""
    file = root
    try:
        found = next((path for path in (root / f"{name}.gz", root / name) if path.is_file()), None)
        if found is None:
            raise data_error(f"{name}.gz is not in {root}", HINT)
        file = found
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise data_error(f"{file} cannot be read: {error}", HINT) from None
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise data_error(f"{file} is not the published file (its sha256 differs)", HINT)
    header = 4 + 4 * dimensions
    sizes = np.frombuffer(content[4:header], ">u4")
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)
