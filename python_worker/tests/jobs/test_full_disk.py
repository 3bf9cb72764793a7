"""A disk that fills up while a checkpoint or an export is written: typed, nothing half written, the rest whole."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import world
from google.protobuf.message import Message

from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed

A = (0, 0, 0)


@pytest.fixture
def small_disk(tmp_path):
    """a file system of its own, of 1 MiB"""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def refused(worker, job: Message) -> JobFailed:
    with pytest.raises(JobFailed) as caught:
        worker.execute(job)
    assert caught.value.code == pb.FailureCode.io, caught.value.message
    assert "disk" in caught.value.hint
    return caught.value


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("free", [0, 4096, 30_000])
def test_a_full_disk_keeps_the_checkpoint_before_and_is_left_once_there_is_room(small_disk, free):
    worker = world.executor(small_disk, world.prepare())
    worker.execute(world.train([A] * 2))
    signal, _ = worker.execute(world.checkpoint("checkpoints/1.pt"))
    assert isinstance(signal, pb.Checkpointed)
    worker.execute(world.train([A] * 2, first=2))
    before = files(small_disk)
    filler = small_disk / "filler"
    room = os.statvfs(small_disk)
    filler.write_bytes(b"\0" * max(0, room.f_bavail * room.f_bsize - free))
    assert "No space left on device" in refused(worker, world.checkpoint("checkpoints/2.pt")).message
    assert "No space left on device" in refused(worker, pb.Export(architecture=A, folder="exported")).message
    filler.unlink()
    # of the export a file may be whole; nothing is half there under any name
    left = files(small_disk)
    assert {name: left[name] for name in before} == before
    assert {Path(name).name for name in set(left) - set(before)} <= {"model.safetensors", "model.json"}
    worker.execute(pb.Restore(path=signal.path, sha256=signal.sha256))
    worker.execute(world.checkpoint("checkpoints/2.pt"))
    worker.execute(pb.Export(architecture=A, folder="exported"))


LIMITED = """
import resource, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
import test_full_disk, world
from danas_worker.protocol import messages as pb
folder = Path(sys.argv[1])
worker = world.executor(folder, world.prepare())
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
for job in (world.checkpoint("checkpoints/1.pt"), pb.Export(architecture=test_full_disk.A, folder="exported")):
    print(test_full_disk.refused(worker, job).message)
assert test_full_disk.files(folder) == {}
worker.execute(world.train([test_full_disk.A]))
"""


def test_a_file_that_may_not_grow_is_told_the_same_way(tmp_path):
    """no file may grow beyond 10 kB: next best to a full disk, needs no rights, and holds for a whole process"""
    here = Path(__file__).parent
    command = [sys.executable, "-c", LIMITED, str(tmp_path), str(here), str(here.parent)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.count("File too large") == 2


def test_a_disk_that_became_read_only_is_told_and_still_serves_what_it_holds(small_disk):
    worker = world.executor(small_disk, world.prepare())
    signal, _ = worker.execute(world.checkpoint("checkpoints/1.pt"))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    before = files(small_disk)
    for path in ("checkpoints/1.pt", "checkpoints/2.pt", "elsewhere/2.pt"):
        assert "Read-only file system" in refused(worker, world.checkpoint(path)).message
    assert "Read-only file system" in refused(worker, pb.Export(architecture=A, folder="exported")).message
    worker.execute(pb.Restore(path=signal.path, sha256=signal.sha256))
    assert files(small_disk) == before


@pytest.mark.parametrize("code", [errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("job", [world.checkpoint("checkpoints/1.pt"), pb.Export(architecture=A, folder="checkpoints")])
def test_what_the_disk_could_not_keep_counts_as_not_written(tmp_path, monkeypatch, code, job):
    worker = world.executor(tmp_path, world.prepare())
    worker.execute(world.checkpoint("checkpoints/1.pt"))
    worker.execute(world.train([A]))
    before = files(tmp_path)

    def fails(handle):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        # many a disk says only when asked to sync that it did not keep what it took
        broken.setattr(os, "fsync", fails)
        assert os.strerror(code) in refused(worker, job).message
    assert files(tmp_path) == before
    worker.execute(job)


@pytest.mark.parametrize("path", ["x" * 300, "round/one"])
def test_a_path_that_no_file_can_have_is_the_jobs_fault_not_the_disks(tmp_path, path):
    worker = world.executor(tmp_path, world.prepare())
    (tmp_path / "round").symlink_to("round")
    for job in (world.checkpoint(path), pb.Restore(path=path, sha256="0"), pb.Export(architecture=A, folder=path)):
        with pytest.raises(JobFailed) as caught:
            worker.execute(job)
        assert caught.value.code == pb.FailureCode.invalid_job, caught.value.message
    assert files(tmp_path) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path):
    worker = world.executor(tmp_path, world.prepare())
    tmp_path.chmod(0o500)
    with contextlib.ExitStack() as stack:
        stack.callback(tmp_path.chmod, 0o700)
        assert "Permission denied" in refused(worker, world.checkpoint("checkpoints/1.pt")).message


def test_a_folder_where_a_file_should_be_is_told(tmp_path):
    worker = world.executor(tmp_path, world.prepare())
    (tmp_path / "checkpoints").write_text("in the way")
    refused(worker, world.checkpoint("checkpoints/1.pt"))
