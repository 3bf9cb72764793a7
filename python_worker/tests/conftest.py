"""Small tensors: one thread is faster than two, and the same everywhere."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
