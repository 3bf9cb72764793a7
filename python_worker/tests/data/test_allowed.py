"""What a client can read on the worker's machine, and what of the worker's secrets a person's own code can see."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import commands
import pytest
import sample
from PIL import Image

from danas_worker.data import keep_below
from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed

TOKEN = "0123456789abcdef-secret"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """a folder of images beside one that jobs may read"""
    for place in ("data/pets", "elsewhere"):
        for name in ("cat", "dog"):
            (tmp_path / place / name).mkdir(parents=True)
            for number in range(8):
                Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / place / name / f"{number}.png")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")
    return tmp_path


def opened(images: Path, root: str) -> tuple[str, ...]:
    allowed = keep_below((images / "runs", images / "data"))
    data = allowed(sample.spec(pb.Folder(root=root), (3, 4, 4), classes=2), frozenset())
    return tuple(data.info.classes)


def test_images_are_read_from_the_folders_that_the_owner_named(images: Path) -> None:
    assert opened(images, f"{images}/data/pets") == ("cat", "dog")


@pytest.mark.parametrize(
    "root", ["{}/elsewhere", "{}/data/link", "{}/data/../elsewhere", "data/pets", "", "/", "{}/database", "{}/data/\0"]
)
def test_and_from_nowhere_else_whether_it_is_there_or_not(images: Path, root: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(images)
    with pytest.raises(JobFailed, match="may not read images from") as caught:
        opened(images, root.format(images))
    assert caught.value.code == pb.FailureCode.data


def test_made_up_images_need_no_folder() -> None:
    spec = sample.spec(sample.synthetic(per_class=8, noise=0.1), (3, 4, 4), classes=2)
    assert keep_below(())(spec, frozenset()).info.classes


def test_the_token_is_not_in_the_environment_of_a_persons_own_code(
    start: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "nosy_data.py").write_text(
        "import json, os, pathlib, subprocess\n"
        "def make(tell):\n"
        "    child = subprocess.run(['env'], capture_output=True, text=True).stdout\n"
        "    pathlib.Path(tell).write_text(json.dumps([dict(os.environ), child]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DANAS_TOKEN", TOKEN)
    worker = start("--allow-module", "nosy_data", "--token-env", "DANAS_TOKEN")
    session = worker.session([("authorization", f"Bearer {TOKEN}")])
    factory = pb.PythonFactory(factory="nosy_data:make", options_json=json.dumps({"tell": str(tmp_path / "told")}))
    data = pb.DataSpec(classes=2, on_device="auto", python=factory)
    data.input.channels = data.input.height = data.input.width = 3
    session.send(commands.command("job-0", {"inspect": pb.Inspect(data=data)}))
    assert session.hear_reply().failure.code == pb.FailureCode.data, "it makes no data"
    told = (tmp_path / "told").read_text()
    assert "PYTHONPATH" in told and TOKEN not in told and "DANAS_TOKEN" not in told
    assert TOKEN not in worker.logged()
    if Path("/proc/self/cmdline").exists():
        assert TOKEN.encode() not in Path(f"/proc/{worker.process.pid}/cmdline").read_bytes()
    os.kill(worker.process.pid, 15)
    assert worker.process.wait(10) == 0
