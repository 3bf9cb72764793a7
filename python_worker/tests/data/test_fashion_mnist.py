"""Fashion-MNIST from its four files."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import sample
import torch
import world

from danas_worker.data import Data, fashion_mnist
from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed

SHAPE = (1, 28, 28)


def opened(root: Path, shape: tuple[int, int, int] = SHAPE, **fields: object) -> Data:
    return sample.opened(pb.FashionMnist(root=str(root)), shape, **{"classes": 10, "valid_fraction": 0.0} | fields)  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The four files in small, gzipped: 3 images a class to train, 1 to test; image i shows i. Their sums are known."""
    sums = {}
    for prefix, count in (("train", 30), ("t10k", 10)):
        images = np.arange(count, dtype=np.uint8)[:, None, None].repeat(28, 1).repeat(28, 2)
        for name, content in (
            (f"{prefix}-images-idx3-ubyte", struct.pack(">IIII", 0x803, count, 28, 28) + images.tobytes()),
            (f"{prefix}-labels-idx1-ubyte", struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count))),
        ):
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
            sums[name] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(fashion_mnist, "SHA256", sums)
    return tmp_path


def test_images_labels_and_names_are_read(root: Path) -> None:
    data = opened(root)
    assert data.classes[0] == "T-shirt/top" and data.classes[9] == "Ankle boot" and len(data.classes) == 10
    assert sample.counts(data) == {
        "train": (3,) * 10,
        "test": (1,) * 10,
        "full": (3,) * 10,
    }
    stream = data.stream(world.stream(shuffle=False, batch_size=30), torch.device("cpu"), False)
    x_NCHW, y_N = stream.batch(0)
    assert x_NCHW.shape == (30, 1, 28, 28)
    assert sample.shown(data, x_NCHW) == list(range(30))
    assert y_N.tolist() == [i % 10 for i in range(30)]


def test_files_that_are_not_zipped_will_do(root: Path) -> None:
    before = opened(root).info
    for file in root.glob("*.gz"):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    assert opened(root).info == before


def test_another_shape_is_resized_to(root: Path) -> None:
    train = opened(root, (3, 32, 20)).splits["train"]
    x_NCHW = train.images.take(train.index_N, torch.device("cpu"))
    assert x_NCHW.shape == (30, 3, 32, 20)
    assert x_NCHW[:, 1, 16, 10].tolist() == list(range(30))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.unlink(), "train-labels-idx1-ubyte.gz is not in"),
        (lambda file: file.write_bytes(gzip.compress(b"something else")), "is not the published file"),
        (lambda file: file.write_bytes(file.read_bytes()[:-12]), "cannot be read"),
        (lambda file: file.write_bytes(b"no gzip"), "cannot be read"),
        (lambda file: file.write_bytes(file.read_bytes()[:20] + b"\xff" * 20), "cannot be read"),
    ],
)
def test_a_file_that_is_missing_changed_or_damaged_is_named(root: Path, spoil: object, why: str) -> None:
    spoil(root / "train-labels-idx1-ubyte.gz")  # type: ignore[operator]
    with pytest.raises(JobFailed, match=why) as failed:
        opened(root)
    assert failed.value.code == pb.FailureCode.data
    assert "train-labels" in failed.value.message
    assert "npm run setup" in failed.value.hint


REAL = [
    Path(folder)
    for folder in (
        os.environ.get("DANAS_FASHION_MNIST", ""),
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "danas" / "fashion-mnist",
        "/usr/share/datasets/fashion-mnist",
    )
    if str(folder) and Path(folder).is_dir()
]


@pytest.mark.skipif(not REAL, reason="Fashion-MNIST is not on this machine")
def test_the_published_files_hold_what_was_published() -> None:
    data = opened(REAL[0])
    assert {split: counts for split, counts in sample.counts(data).items() if split != "full"} == {
        "train": (6000,) * 10,
        "test": (1000,) * 10,
    }
    # the mean and deviation that everyone normalises it with
    assert data.normalisation["mean"] == pytest.approx([0.2860], abs=5e-5)
    assert data.normalisation["std"] == pytest.approx([0.3530], abs=5e-5)


def test_a_gzip_that_claims_to_hold_gigabytes_is_read_no_further_than_the_published_file(root: Path) -> None:
    name = "train-labels-idx1-ubyte.gz"
    with gzip.open(root / name, "wb", compresslevel=1) as file:
        for _ in range(400):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(JobFailed, match=f"{name} is not the published file") as caught:
            opened(root)
        assert tracemalloc.get_traced_memory()[1] < 3 * fashion_mnist.MAX_BYTES
    finally:
        tracemalloc.stop()
    assert caught.value.code == pb.FailureCode.data


def test_a_root_that_may_not_be_looked_into_is_a_data_failure(root: Path) -> None:
    with pytest.raises(JobFailed, match="cannot be read: .*File name too long") as caught:
        opened(root / ("x" * 300))
    assert caught.value.code == pb.FailureCode.data
