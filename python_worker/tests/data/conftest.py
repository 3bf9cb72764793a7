from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

MODULE = "a_persons_data"


@pytest.fixture
def factory() -> Iterator[Callable[[Callable[..., Any]], str]]:
    """Puts a function into a module that data may come from; returns its name as a config has it."""
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module

    def put(function: Callable[..., Any]) -> str:
        module.make = function  # type: ignore[attr-defined]
        return f"{MODULE}:make"

    yield put
    del sys.modules[MODULE]
