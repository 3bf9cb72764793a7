"""A person's own data sets: a function in a module that the worker's owner allowed."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ..protocol.failure import JobFailed
from ..protocol.messages import DataSpec, PythonFactory
from .decode import from_anything
from .images import EAGER_BYTES, Encoded, hold_or_decode
from .source import Pool, Source, data_error

SPLITS = ("train", "valid", "test")


def read_factory(source: PythonFactory, spec: DataSpec, allow_modules: frozenset[str]) -> Source:
    """
    `module:function`, called with the options, returns {"train": …, "valid": …, "test": …} of map-style data sets: a
    length, and items (image, label) by index. Class names come from "classes" beside them or from `train.classes`. An
    item must be the same each time it is asked for: augmentation is danas's.
    """
    made = _called(source, allow_modules)
    if not isinstance(made, dict) or "train" not in made:
        raise data_error(
            f"{source.factory} must return a dict of data sets with at least 'train', and it "
            + ("has none" if isinstance(made, dict) else f"returns a {type(made).__name__}"),
            "return {'train': …, 'test': …}; `valid` may be given, or is held out of train",
        )
    strange = next((key for key in made if key not in (*SPLITS, "classes")), None)
    if strange is not None:
        raise data_error(f"{source.factory} returns {strange!r}, which is no split", f"use {', '.join(SPLITS)}")
    classes = _class_names(source, made, spec)
    return Source(
        classes,
        {split: _pool(split, _map_style(split, made[split]), classes, spec) for split in SPLITS if split in made},
    )


def _called(source: PythonFactory, allow_modules: frozenset[str]) -> Any:
    module_name, _, function_name = source.factory.partition(":")
    if not module_name or not function_name:
        raise data_error(f"{source.factory!r} is not module:function", "write data.factory as my_module:make_data")
    # before anything of it is run
    if module_name not in allow_modules:
        raise data_error(
            f"this worker may not import {module_name!r}",
            f"its owner allows it with --allow-module {module_name} (worker.allowModules for a local worker)",
        )
    try:
        return getattr(importlib.import_module(module_name), function_name)(**json.loads(source.options_json or "{}"))
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise _theirs(source.factory, error) from error
        raise data_error(
            f"there is no Python module {error.name!r}",
            "put it beside the config (for a remote worker: where that is started), or correct data.factory",
        ) from error
    except (Exception, SystemExit) as error:  # whatever a person's own code raises is theirs to read
        raise _theirs(source.factory, error) from error


def _class_names(source: PythonFactory, made: dict[Any, Any], spec: DataSpec) -> tuple[str, ...]:
    try:
        names = made.get("classes")
        if names is None:
            names = getattr(made["train"], "classes", None)
        classes = tuple(str(name) for name in (range(spec.classes) if names is None else names))
        for name in classes:
            name.encode()
    except Exception as error:
        raise data_error(f"the class names of {source.factory} are none: {error}", "give a list of strings") from None
    if len(set(classes)) != len(classes):
        raise data_error(f"{source.factory} gives two classes the same name", "make the names differ")
    return classes


def _theirs(what: str, error: BaseException) -> JobFailed:
    return data_error(f"{what} failed: {type(error).__name__}: {error}", "try it in Python alone")


def _pool(split: str, items: Any, classes: tuple[str, ...], spec: DataSpec) -> Pool:
    def item(index: int) -> tuple[Any, Any]:
        try:
            image, label = items[index]
            return image, label
        except (Exception, SystemExit) as error:
            raise _theirs(f"item {index} of split {split}", error) from error

    def decoded(index: int, image: Any) -> tuple[Tensor, bytes]:
        try:
            x_CHW = from_anything(image, spec.input)
        except Exception as error:
            raise data_error(f"image {index} of split {split}: {error}", "check the data set's items") from None
        return x_CHW, hashlib.sha256(x_CHW.numpy().tobytes()).digest()

    count = _count(split, items)
    labels: list[Any] = [None] * count
    # `targets` is what torchvision's data sets call their labels: with it no image need be read to know them
    try:
        targets = getattr(items, "targets", None)
        labels = labels if targets is None else list(targets)
    except (Exception, SystemExit) as error:
        raise _theirs(f"the targets of split {split}", error) from error
    if len(labels) != count:
        raise data_error(f"split {split} has {count} items, but {len(labels)} targets")

    def load(index: int) -> tuple[Tensor, bytes]:
        image, label = item(index)
        if targets is None:
            labels[index] = label
        return decoded(index, image)

    size = count * spec.input.channels * spec.input.height * spec.input.width
    if targets is None and size > EAGER_BYTES and spec.on_device != DataSpec.always:
        labels = [item(index)[1] for index in range(count)]
    images = hold_or_decode(Encoded(count, load, _namer(split), threads=1), spec.input, spec.on_device)
    return Pool(images, _labels(split, labels, classes))


def _namer(split: str) -> Callable[[int], bytes]:
    return lambda index: hashlib.sha256(f"{split}/{index}".encode()).digest()


def _count(split: str, items: Any) -> int:
    try:
        return len(items)
    except (Exception, SystemExit) as error:
        raise data_error(
            f"split {split} has no length: {error}", "data sets must be map-style: __len__ and __getitem__"
        ) from None


def _map_style(split: str, items: Any) -> Any:
    """Refuses what makes batches itself: batches, their order and augmentation are danas's."""
    if isinstance(items, DataLoader):
        raise data_error(
            f"split {split} is a DataLoader, a data set is wanted",
            "return the loader's .dataset: danas makes the batches, shuffles and augments itself",
        )
    if not hasattr(items, "__getitem__"):
        raise data_error(
            f"split {split} is a {type(items).__name__}, whose items cannot be had by index",
            "data sets must be map-style: __len__ and __getitem__",
        )
    return items


def _labels(split: str, labels: list[Any], classes: tuple[str, ...]) -> Tensor:
    try:
        numbers = [int(label) for label in labels]
    except Exception as error:
        raise data_error(f"split {split} has a label that is no number: {error}", "labels are class numbers") from None
    wrong = next((number for number in numbers if not 0 <= number < len(classes)), None)
    if wrong is not None:
        raise data_error(
            f"split {split} has a label {wrong}, but there are {len(classes)} classes", "labels count from 0"
        )
    return torch.tensor(numbers, dtype=torch.int64)
