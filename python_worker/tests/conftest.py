from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from house import House
from process import Worker


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Small tensors: one thread is faster than two, and the same everywhere."""
    torch.set_num_threads(1)


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    made: list[House] = []

    def make(**given: Any) -> House:
        made.append(House(tmp_path, **given))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    made: list[Worker] = []

    def begin(*arguments: str) -> Worker:
        made.append(Worker(tmp_path, *arguments))
        return made[-1]

    yield begin
    for worker in made:
        worker.close()
