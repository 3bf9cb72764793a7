"""A batch is a function of the stream's seed, its name and its position."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import sample
import torch
import world

from danas_worker.data import Data, Stream, images
from danas_worker.data.images import Encoded, HeldImages, LazyImages
from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import FailureCode

CPU = torch.device("cpu")
EVERYTHING = sample.augment(pad=2, flip=True, cutout=2, min_area=0.5)


@pytest.fixture
def data(factory: Callable[..., str]) -> Data:
    """22 training images, image i showing i, of classes even and odd"""
    items = sample.Items(list(range(22)), [i % 2 for i in range(22)], ["even", "odd"])
    source = sample.factory(factory(lambda: {"train": items}))
    return sample.opened(source, classes=2, valid_fraction=0.0, test_fraction=0.0)


def seen(data: Data, stream: Stream, *batches: int) -> list[int]:
    return [value for b in batches for value in sample.shown(data, stream.batch(b)[0])]


def test_an_epoch_is_a_permutation_and_the_next_one_another(data: Data) -> None:
    stream = data.stream(world.stream(batch_size=11), CPU, False)
    first, second = seen(data, stream, 0, 1), seen(data, stream, 2, 3)
    assert sorted(first) == sorted(second) == list(range(22))
    assert first != second != list(range(22)) != first


def test_a_shuffled_stream_drops_the_incomplete_last_batch(data: Data) -> None:
    stream = data.stream(world.stream(batch_size=5), CPU, False)
    assert stream.batches_per_pass == 4
    for epoch in range(3):
        values = seen(data, stream, *range(4 * epoch, 4 * epoch + 4))
        assert len(set(values)) == 20
    everything = {value for b in range(40) for value in seen(data, stream, b)}
    assert everything == set(range(22)), "no image is left out for ever"


def test_an_unshuffled_stream_keeps_the_incomplete_last_batch_and_repeats(data: Data) -> None:
    stream = data.stream(world.stream(batch_size=5, shuffle=False), CPU, False)
    assert stream.batches_per_pass == 5
    assert seen(data, stream, 0, 1, 2, 3, 4) == list(range(22))
    assert seen(data, stream, 4) == seen(data, stream, 9) == [20, 21]


@pytest.mark.parametrize("shuffle", [True, False])
def test_fewer_images_than_a_batch_are_one_batch(data: Data, shuffle: bool) -> None:
    stream = data.stream(world.stream(batch_size=100, shuffle=shuffle), CPU, False)
    assert stream.batches_per_pass == 1
    assert sorted(seen(data, stream, 0)) == list(range(22)) == sorted(seen(data, stream, 1))


def test_a_batch_does_not_depend_on_what_was_asked_before(data: Data) -> None:
    spec = world.stream(batch_size=3, augment=EVERYTHING)
    in_order = data.stream(spec, CPU, False)
    expected = {b: in_order.batch(b) for b in range(30)}
    torch.manual_seed(99)  # nor on torch's own generator
    positions = list(range(30)) * 2
    random.Random(5).shuffle(positions)
    again = data.stream(spec, CPU, False)
    for b in positions:
        x_NCHW, y_N = again.batch(b)
        assert torch.equal(x_NCHW, expected[b][0])
        assert torch.equal(y_N, expected[b][1])


def test_a_batch_far_along_is_there_at_once(data: Data) -> None:
    stream = data.stream(world.stream(batch_size=11), CPU, False)
    values = seen(data, stream, 10**12, 10**12 + 1)
    assert sorted(values) == list(range(22))


@pytest.mark.parametrize("change", [{"seed": 8}, {"name": "another"}])
def test_streams_of_another_seed_or_name_are_others(data: Data, change: dict[str, object]) -> None:
    spec = world.stream(batch_size=22, augment=sample.augment(cutout=2))
    one, other = data.stream(spec, CPU, False), data.stream(world.but(spec, **change), CPU, False)
    assert one.batch(0)[1].tolist() != other.batch(0)[1].tolist()
    assert not torch.equal(one.batch(0)[0] == 0, other.batch(0)[0] == 0)


def test_two_batches_are_augmented_differently(data: Data) -> None:
    spec = world.stream(batch_size=22, shuffle=False, augment=sample.augment(pad=2, flip=True))
    stream = data.stream(spec, CPU, False)
    assert not torch.equal(stream.batch(0)[0], stream.batch(1)[0])


def test_a_stream_of_some_classes_shows_only_those_and_says_which_count(data: Data) -> None:
    stream = data.stream(world.stream(classes=("odd",), batch_size=11), CPU, False)
    values = seen(data, stream, 0)
    assert sorted(values) == list(range(1, 22, 2))
    assert stream.batch(0)[1].tolist() == [1] * 11, "labels stay those of the data"
    assert stream.active_K is not None
    assert stream.active_K.tolist() == [False, True]
    assert data.stream(world.stream(batch_size=4), CPU, False).active_K is None


def test_unknown_classes_and_missing_splits_are_told(data: Data) -> None:
    with pytest.raises(JobFailed, match="no class 'prime'") as failed:
        data.stream(world.stream(batch_size=4, classes=("odd", "prime")), CPU, False)
    assert failed.value.code == FailureCode.data
    with pytest.raises(JobFailed, match="no valid images") as failed:
        data.stream(world.stream(batch_size=4, split="valid"), CPU, False)
    assert "validFraction" in failed.value.hint


def test_batches_come_in_the_memory_order_that_was_asked_for(factory: Callable[..., str]) -> None:
    data = sample.opened(sample.synthetic(10, 1.0), shape=(3, 6, 6))
    for augment in (None, EVERYTHING, sample.augment()):
        spec = world.stream(batch_size=4, augment=augment)
        one, other = data.stream(spec, CPU, True).batch(3)[0], data.stream(spec, CPU, False).batch(3)[0]
        assert one.is_contiguous(memory_format=torch.channels_last)
        assert other.is_contiguous()
        assert torch.equal(one, other)
        assert one.dtype == torch.float32


# ---- images that are decoded when they are needed -------------------------------------------------------------------


def encoded(loads: list[int], threads: int = 2, broken: int = -1) -> Encoded:
    def load(index: int) -> tuple[torch.Tensor, bytes]:
        loads.append(index)
        if index == broken:
            raise JobFailed(FailureCode.data, f"image {index} is broken")
        return torch.full((1, 4, 4), index, dtype=torch.uint8), b""

    return Encoded(50, load, lambda index: b"%d" % index, threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_decoding_when_needed_shows_what_holding_all_shows(threads: int) -> None:
    held = HeldImages(torch.arange(50, dtype=torch.uint8).view(50, 1, 1, 1).expand(50, 1, 4, 4), "auto")
    lazy = LazyImages(encoded([], threads))
    for _ in range(5):
        wanted = torch.tensor(np.random.default_rng(3).permutation(50)[:9])
        lazy.soon(wanted)
        assert torch.equal(lazy.take(wanted, CPU), held.take(wanted, CPU))


def test_what_was_decoded_ahead_is_not_decoded_again() -> None:
    loads: list[int] = []
    lazy = LazyImages(encoded(loads))
    lazy.soon(torch.tensor([4, 5]))
    lazy.soon(torch.tensor([4, 5]))
    lazy.take(torch.tensor([4, 5]), CPU)
    assert sorted(loads) == [4, 5]
    lazy.take(torch.tensor([4, 5]), CPU)
    assert sorted(loads) == [4, 4, 5, 5], "taken once, it is forgotten"


def test_guesses_that_nobody_takes_up_do_not_pile_up() -> None:
    lazy = LazyImages(encoded([]))
    for start in range(40):
        lazy.soon(torch.tensor([start, start + 1]))
    assert len(lazy._ahead) <= images.AHEAD


def test_a_broken_image_is_told_when_its_batch_is_asked_for_and_not_before() -> None:
    lazy = LazyImages(encoded([], broken=7))
    lazy.soon(torch.tensor([7]))
    assert lazy.take(torch.tensor([6]), CPU).max() == 6
    with pytest.raises(JobFailed, match="image 7 is broken"):
        lazy.take(torch.tensor([7]), CPU)


def test_a_folder_too_large_for_memory_gives_the_same_batches(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path_factory.mktemp("folder")
    for index in range(12):
        sample.paint(root / "ab"[index % 2] / f"{index:02d}.png", 20 * index)
    spec = world.stream(batch_size=3, augment=EVERYTHING)
    held = sample.opened(sample.folder(root), classes=2)
    monkeypatch.setattr(images, "EAGER_BYTES", 0)
    lazy = sample.opened(sample.folder(root), classes=2)
    assert isinstance(held.splits["train"].images, HeldImages)
    assert isinstance(lazy.splits["train"].images, LazyImages)
    assert lazy.normalisation == held.normalisation
    one, other = held.stream(spec, CPU, False), lazy.stream(spec, CPU, False)
    for b in (0, 1, 2, 7, 3):
        assert torch.equal(one.batch(b)[0], other.batch(b)[0])
        assert torch.equal(one.batch(b)[1], other.batch(b)[1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("on_device", ["always", "auto", "never"])
def test_a_gpu_sees_the_batches_that_the_cpu_sees(on_device: str) -> None:
    data = sample.opened(sample.synthetic(20, 1.0), shape=(3, 8, 8), on_device=on_device)
    spec = world.stream(batch_size=4, augment=EVERYTHING)
    here, there = data.stream(spec, CPU, False), data.stream(spec, torch.device("cuda"), False)
    for b in range(5):
        torch.testing.assert_close(there.batch(b)[0].cpu(), here.batch(b)[0], atol=1e-4, rtol=1e-4)
        assert torch.equal(there.batch(b)[1].cpu(), here.batch(b)[1])
