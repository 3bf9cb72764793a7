"""Exports run where danas is not."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
import torch
import world

from danas_worker.jobs.export import load_exported
from danas_worker.protocol.messages import Export

A, B = (0, 0, 0), (1, 1, 1)


@pytest.fixture
def worker(tmp_path):
    made = world.executor(tmp_path, world.prepare(world.small_space(dropout=0.2, hidden=6)))
    made.execute(world.train([A, B] * 3))
    return made


def test_an_exported_network_answers_as_the_supernets_path_does(worker, tmp_path):
    signal, _ = worker.execute(Export(architecture=B, folder="out/network"))
    for file in signal.files:
        content = (tmp_path / file.path).read_bytes()
        assert file.bytes == len(content) and file.sha256 == hashlib.sha256(content).hexdigest()
    x, _ = worker.model.streams["train"].batch(0)
    with torch.no_grad(), worker.model.statistics("running"):
        expected = worker.model.supernet(x, B)
        assert torch.equal(load_exported(tmp_path / "out/network")(x), expected)
    about = json.loads((tmp_path / "out/network/model.json").read_text())
    assert about["architecture"] == {"choices": [1, 1, 1], "names": ["k5e2se", "c3", "skip"]}
    assert about["classes"] == ["class-0", "class-1", "class-2", "class-3"]
    assert about["space"]["slots"][0]["candidates"][2] == {
        "name": "skip",
        "block": {"op": {"kind": "skip"}, "inChannels": 8, "outChannels": 8, "stride": 1, "height": 6, "width": 6},
    }


def test_the_folder_alone_is_enough_without_danas(worker, tmp_path):
    worker.execute(Export(architecture=A, folder="out"))
    x, _ = worker.model.streams["train"].batch(0)
    torch.save(x, tmp_path / "x.pt")
    program = (
        "import sys, torch; from model import load; torch.set_num_threads(1);"
        "assert not any(name.startswith('danas') for name in sys.modules);"
        "torch.save(load('.')(torch.load('../x.pt')).detach(), '../logits.pt')"
    )
    # -I: neither this test's path nor its environment
    code = f"import sys; sys.path.insert(0, '.'); {program}"
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path / "out", check=True, timeout=60)
    with torch.no_grad(), worker.model.statistics("running"):
        assert torch.equal(torch.load(tmp_path / "logits.pt"), worker.model.supernet(x, A))
