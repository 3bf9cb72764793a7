"""Which image belongs to which split, and what names a data set."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sample
import torch
import world

from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed

MADE = sample.synthetic(10, 1.0)


def test_each_class_gives_its_share_to_the_test_and_then_to_validation() -> None:
    # of 10: a tenth is 1; a fifth of the 9 left is 1.8, so 2; 7 are left to train on
    assert sample.counts(sample.opened(MADE)) == {
        "train": (7,) * 3,
        "valid": (2,) * 3,
        "test": (1,) * 3,
        "full": (9,) * 3,
    }


def test_no_image_is_in_two_splits_and_none_is_lost() -> None:
    splits = sample.opened(MADE).splits
    apart = torch.cat([splits[name].index_N for name in ("train", "valid", "test")])
    assert sorted(apart.tolist()) == list(range(30))
    together = torch.cat([splits["train"].index_N, splits["valid"].index_N])
    assert splits["full"].index_N.tolist() == sorted(together.tolist())
    assert splits["full"].y_N.tolist() == [index // 10 for index in splits["full"].index_N.tolist()]


def test_what_is_held_out_of_a_class_depends_on_no_other_class() -> None:
    three, four = sample.opened(MADE), sample.opened(MADE, classes=4)
    for split in ("valid", "test"):
        of_three = four.splits[split].index_N[four.splits[split].y_N < 3]
        assert three.splits[split].index_N.tolist() == of_three.tolist()


def test_the_split_follows_its_seed_and_differs_between_classes() -> None:
    def held(seed: int) -> list[int]:
        return sample.opened(sample.synthetic(100, 1.0), split_seed=seed).splits["valid"].index_N.tolist()

    assert held(1) == held(1)
    assert held(1) != held(2)
    by_class = [{i % 100 for i in held(1) if i // 100 == label} for label in range(3)]
    assert by_class[0] != by_class[1] != by_class[2]


def test_a_class_of_one_image_keeps_it_for_training(factory: Callable[..., str]) -> None:
    items = sample.Items([1, 2, 3, 4, 5], [0, 1, 1, 1, 1])
    source = sample.factory(factory(lambda: {"train": items}))
    found = sample.counts(sample.opened(source, classes=2, valid_fraction=0.25, test_fraction=0.0))
    assert found == {"train": (1, 3), "valid": (0, 1), "full": (1, 4)}


def test_a_split_that_the_source_has_is_taken_as_it_is(factory: Callable[..., str]) -> None:
    made = {
        "train": sample.Items([10, 20, 30, 40], [0, 1, 0, 1]),
        "valid": sample.Items([50, 60], [1, 1]),
        "test": sample.Items([70], [0]),
    }
    data = sample.opened(sample.factory(factory(lambda: made)), classes=2, valid_fraction=0.5, test_fraction=0.5)
    # what a split lacks is told, not mended
    assert sample.counts(data) == {"train": (2, 2), "valid": (0, 2), "test": (1, 0), "full": (2, 4)}
    stream = data.stream(world.stream(split="full", shuffle=False, batch_size=6), torch.device("cpu"), False)
    x_NCHW, y_N = stream.batch(0)
    assert sample.shown(data, x_NCHW) == [10, 20, 30, 40, 50, 60]
    assert y_N.tolist() == [0, 1, 0, 1, 1, 1]


def test_a_shuffled_full_split_of_two_sources_keeps_images_and_labels_together(factory: Callable[..., str]) -> None:
    made = {
        "train": sample.Items(list(range(20)), [i % 2 for i in range(20)]),
        "valid": sample.Items(list(range(20, 33)), [i % 2 for i in range(20, 33)]),
    }
    data = sample.opened(sample.factory(factory(lambda: made)), classes=2, test_fraction=0.0)
    stream = data.stream(world.stream(split="full", batch_size=11), torch.device("cpu"), False)
    seen = []
    for b in range(3):
        x_NCHW, y_N = stream.batch(b)
        assert y_N.tolist() == [value % 2 for value in sample.shown(data, x_NCHW)]
        seen += sample.shown(data, x_NCHW)
    assert sorted(seen) == list(range(33))


def test_normalisation_is_the_training_images_mean_and_deviation(factory: Callable[..., str]) -> None:
    made = {"train": sample.Items([0, 255, 0, 255], [0, 0, 1, 1]), "test": sample.Items([9], [0])}
    data = sample.opened(sample.factory(factory(lambda: made)), classes=2, valid_fraction=0.0)
    assert data.normalisation == {"mean": [0.5], "std": [0.5]}
    x_NCHW, _ = data.stream(world.stream(batch_size=4, shuffle=False), torch.device("cpu"), False).batch(0)
    assert x_NCHW[:, 0, 0, 0].tolist() == pytest.approx([-1.0, 1.0, -1.0, 1.0], abs=1e-6)


def test_a_channel_that_never_changes_is_zero_once_normalised(factory: Callable[..., str]) -> None:
    made = {"train": sample.Items([77] * 4, [0, 0, 1, 1])}
    data = sample.opened(sample.factory(factory(lambda: made)), classes=2, valid_fraction=0.0)
    x_NCHW, _ = data.stream(world.stream(batch_size=4), torch.device("cpu"), False).batch(0)
    assert float(x_NCHW.abs().max()) < 1e-6


def test_the_fingerprint_is_that_of_the_data_and_of_nothing_else() -> None:
    spec = sample.spec(MADE)
    changed = [
        world.but(spec, split_seed=2),
        world.but(spec, classes=4),
        world.but(spec, valid_fraction=0.3),
        world.but(spec, input=pb.InputShape(channels=1, height=4, width=5)),
        world.but(spec, synthetic=sample.synthetic(10, 1.1)),
    ]
    prints = [sample.open_data(s, frozenset()).info.fingerprint for s in (spec, spec, *changed)]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 1 + len(changed)


@pytest.mark.parametrize("what", ["an image", "a label", "a class's name", "the order"])
def test_the_hash_of_a_split_notices_a_change_of(what: str, factory: Callable[..., str]) -> None:
    def hash_of(values: list[int], labels: list[int], names: list[str]) -> str:
        source = sample.factory(factory(lambda: {"train": sample.Items(values, labels, names)}))
        data = sample.opened(source, classes=2, valid_fraction=0.0, test_fraction=0.0)
        return data.info.splits[0].hash

    before = hash_of([1, 2, 3], [0, 1, 1], ["a", "b"])
    assert before == hash_of([1, 2, 3], [0, 1, 1], ["a", "b"])
    after = {
        "an image": ([1, 2, 4], [0, 1, 1], ["a", "b"]),
        "a label": ([1, 2, 3], [0, 1, 0], ["a", "b"]),
        "a class's name": ([1, 2, 3], [0, 1, 1], ["a", "c"]),
        "the order": ([2, 1, 3], [0, 1, 1], ["a", "b"]),
    }[what]
    assert before != hash_of(*after)


def test_later_synthetic_classes_are_fainter() -> None:
    data = sample.opened(sample.synthetic(200, 0.2), shape=(3, 8, 8), classes=4, valid_fraction=0.0, test_fraction=0.0)
    train = data.splits["train"]
    x_NCHW = train.images.take(train.index_N, torch.device("cpu")).float()
    # the mean of a class is its template: normal, deviation 48 x strength, where 0 and 255 cut little off
    strengths = [float((x_NCHW[train.y_N == k].mean(0) - 128).std()) / 48 for k in range(4)]
    assert strengths == pytest.approx([1.0, 0.85, 0.7, 0.55], abs=0.12)
    assert strengths == sorted(strengths, reverse=True)


def test_synthetic_images_that_would_fill_the_memory_are_refused() -> None:
    with pytest.raises(JobFailed, match="GB of synthetic images") as failed:
        sample.opened(sample.synthetic(100_000, 1.0), shape=(3, 224, 224), classes=1000)
    assert failed.value.code == pb.FailureCode.data
