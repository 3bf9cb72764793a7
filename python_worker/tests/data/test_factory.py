"""A person's own data sets."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sample
import torch
import world
from torch.utils.data import DataLoader

from danas_worker.data import Data, images, open_data
from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import FailureCode

Put = Callable[[Callable[..., Any]], str]


def opened(factory: str, options: dict[str, Any] | None = None, **fields: Any) -> Data:
    fields = {"classes": 2, "valid_fraction": 0.0, "test_fraction": 0.0} | fields
    return sample.opened(sample.factory(factory, options or {}), **fields)


def refused(factory: str, match: str, options: dict[str, Any] | None = None) -> JobFailed:
    with pytest.raises(JobFailed, match=match) as failed:
        opened(factory, options)
    assert failed.value.code == FailureCode.data
    return failed.value


ITEMS = sample.Items([10, 20, 30], [0, 1, 1])


def test_the_function_is_called_with_the_options(factory: Put) -> None:
    given: list[object] = []

    def make(root: str, size: int = 3) -> dict[str, Any]:
        given.extend((root, size))
        return {"train": ITEMS}

    opened(factory(make), {"root": "somewhere", "size": 5})
    assert given == ["somewhere", 5]


@pytest.mark.parametrize("name", ["forbidden_data", "a_persons_data.inner", "os", "danas_worker.main"])
def test_a_module_that_was_not_allowed_is_not_even_imported(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "forbidden_data.py").write_text("raise SystemExit('imported all the same')")
    monkeypatch.syspath_prepend(tmp_path)
    failure = refused(f"{name}:make", f"may not import '{name}'")
    assert f"--allow-module {name}" in failure.hint
    assert "forbidden_data" not in sys.modules


def test_an_allowed_module_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "found_data.py").write_text(
        "import numpy\n"
        "class Set:\n"
        "    classes = ['no', 'yes']\n"
        "    def __len__(self): return 4\n"
        "    def __getitem__(self, i): return numpy.zeros((4, 4), numpy.uint8), i % 2\n"
        "def make(): return {'train': Set()}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    spec = sample.spec(sample.factory("found_data:make"), classes=2, valid_fraction=0.0, test_fraction=0.0)
    data = open_data(spec, frozenset({"found_data"}))
    assert data.classes == ("no", "yes")
    del sys.modules["found_data"]


def test_class_names_come_from_the_dict_the_data_set_or_their_numbers(factory: Put) -> None:
    named = sample.Items([1, 2], [0, 1], ["cat", "dog"])
    assert opened(factory(lambda: {"train": named, "classes": ["a", "b"]})).classes == ("a", "b")
    assert opened(factory(lambda: {"train": named})).classes == ("cat", "dog")
    assert opened(factory(lambda: {"train": ITEMS})).classes == ("0", "1")


def test_class_names_may_differ_in_case_alone_as_in_emnist(factory: Put) -> None:
    assert opened(factory(lambda: {"train": ITEMS, "classes": ["a", "A"]})).classes == ("a", "A")


def test_what_the_function_raises_is_told(factory: Put) -> None:
    def broken() -> None:
        raise KeyError("no such table")

    assert "KeyError: 'no such table'" in refused(factory(broken), "a_persons_data:make failed").message
    assert "unexpected keyword" in refused(factory(lambda: {"train": ITEMS}), "failed", {"colour": 1}).message


def test_a_module_that_is_nowhere_is_told_from_one_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "a_persons_data", raising=False)
    missing = refused("a_persons_data:make", "there is no Python module 'a_persons_data'")
    assert "beside the config" in missing.hint
    (tmp_path / "a_persons_data.py").write_text("import no_such_package_at_all\n")
    importlib.invalidate_caches()
    refused("a_persons_data:make", "a_persons_data:make failed: .* No module named 'no_such_package_at_all'")


def test_a_function_that_ends_the_program_ends_only_its_job(factory: Put) -> None:
    refused(factory(lambda: sys.exit("bye")), "SystemExit: bye")


class Ending(sample.Items):
    def __getitem__(self, index: int) -> Any:
        sys.exit("enough")


class Endless:
    def __getitem__(self, index: int) -> Any:
        return 10, 0


class Odd(sample.Items):
    @property
    def targets(self) -> list[int]:
        raise OSError("the table is gone")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (None, "must return a dict .* it returns a NoneType"),
        ({}, "at least 'train'"),
        ({"train": ITEMS, "val": ITEMS}, "'val', which is no split"),
        ({"train": iter([])}, "whose items cannot be had by index"),
        ({"train": Endless()}, "has no length"),
        ({"train": DataLoader(ITEMS)}, "train is a DataLoader, a data set is wanted"),
        ({"train": sample.Items([1, 2], [0, 2])}, "label 2, but there are 2 classes"),
        ({"train": sample.Items([1, 2], [0, -1])}, "label -1"),
        ({"train": sample.Items([1, 2], [0, 0])}, "class '1' has no training image"),
        ({"train": sample.Items([1], ["cat"])}, "label that is no number"),  # type: ignore[list-item]
        ({"train": [(np.zeros((4, 4)), 0), (np.full((4, 4), 2.0), 1)]}, "image 1 of split train: .* between 0 and 1"),
        ({"train": [np.zeros((4, 4))]}, "item 0 of split train failed"),
        ({"train": ITEMS, "classes": ["a", "a"]}, "same name"),
        ({"train": ITEMS, "classes": 2}, "class names .* are none"),
        ({"train": ITEMS, "classes": ["a", "\udc80"]}, "class names .* are none"),
        ({"train": Ending([1, 2], [0, 1])}, "item 0 of split train failed: SystemExit"),
        ({"train": Odd([1, 2], [0, 1])}, "targets of split train failed: OSError"),
    ],
)
def test_what_makes_no_data_is_told(factory: Put, made: Any, why: str) -> None:
    refused(factory(lambda: made), why)


def test_a_split_without_images_is_told_where_it_matters(factory: Put) -> None:
    data = opened(factory(lambda: {"train": ITEMS, "test": []}))
    assert sample.counts(data)["test"] == (0, 0)
    with pytest.raises(JobFailed, match="no test images"):
        data.stream(world.stream(batch_size=4, split="test"), torch.device("cpu"), False)


class Watched(sample.Items):
    """notes which items were asked for, and by which thread"""

    def __init__(self, values: list[int], labels: list[int], targets: list[int] | None = None) -> None:
        super().__init__(values, labels)
        self.asked: list[int] = []
        self.threads: set[int] = set()
        if targets is not None:
            self.targets = targets

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        self.threads.add(threading.get_ident())
        return super().__getitem__(index)


@pytest.mark.parametrize("eager", [True, False])
def test_a_persons_code_is_called_in_one_thread_only(
    factory: Put, eager: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not eager:
        monkeypatch.setattr(images, "EAGER_BYTES", 0)
        monkeypatch.setattr("danas_worker.data.factory.EAGER_BYTES", 0)
    items = Watched([i for i in range(40)], [i % 2 for i in range(40)])
    data = opened(factory(lambda: {"train": items}))
    stream = data.stream(world.stream(batch_size=4), torch.device("cpu"), False)
    for b in range(12):
        stream.batch(b)
    assert items.threads == {threading.get_ident()}
    if eager:
        assert items.asked == list(range(40)), "each is read once"


def test_labels_that_are_known_need_no_image(factory: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "EAGER_BYTES", 0)
    monkeypatch.setattr("danas_worker.data.factory.EAGER_BYTES", 0)
    labels = [i % 2 for i in range(40)]
    known, unknown = Watched(list(range(40)), labels, labels), Watched(list(range(40)), labels)
    data = [opened(factory(lambda: {"train": items})) for items in (known, unknown)]  # noqa: B023
    assert len(known.asked) == 40, "for the mean alone"
    assert len(unknown.asked) == 80
    assert data[0].info == data[1].info
    assert data[0].info.splits[0].counts == [20, 20]


def test_targets_must_be_as_many_as_items(factory: Put) -> None:
    refused(factory(lambda: {"train": Watched([1, 2], [0, 1], [0])}), "2 items, but 1 targets")
