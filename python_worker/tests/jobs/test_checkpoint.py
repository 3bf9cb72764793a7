"""Checkpoints: training goes on bit for bit, and nothing but the right file is taken."""

from __future__ import annotations

import hashlib
import os

import pytest
import torch
import world

from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import Export, FailureCode, Restore

A, B, C = (0, 0, 0), (1, 1, 2), (2, 0, 1)
PATHS = [A, B, C, (3, 1, 0), A, B, A, C, B, A]


def job(**fields):
    """with everything that has state: dropout, momentum, clipping"""
    return world.prepare(world.small_space(dropout=0.3), optimizer=world.optimizer(clip_value=1.0), **fields)


def written(worker, path="checkpoints/5.pt"):
    signal, _ = worker.execute(world.checkpoint(path))
    return Restore(path=signal.path, sha256=signal.sha256)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_ten_steps_are_five_a_checkpoint_and_five_more_in_a_new_worker(tmp_path, channels_last, precision):
    prepare = job(compute=world.compute(channels_last=channels_last, precision=precision))
    whole, first, second = (world.executor(tmp_path, prepare) for _ in range(3))
    ten, _ = whole.execute(world.train(PATHS))
    five, _ = first.execute(world.train(PATHS[:5]))
    restore = written(first)
    # whatever the new worker did before is forgotten
    second.execute(world.train([B, (3, 1, 2)]))
    second.execute(restore)
    rest, _ = second.execute(world.train(PATHS[5:], first=5))
    assert [*five.losses, *rest.losses] == ten.losses
    assert not world.changed(world.snapshot(whole), world.snapshot(second))
    assert whole.execute(world.evaluate([A], recalibrate=2))[0] == second.execute(world.evaluate([A], recalibrate=2))[0]


def test_the_alive_set_comes_back_with_the_weights(tmp_path):
    worker, other = world.executor(tmp_path, job()), world.executor(tmp_path, job())
    worker.execute(world.restrict(((0, 2), (0,), (0, 1))))
    worker.execute(world.train([A, C]))
    other.execute(written(worker))
    assert other.model.supernet.alive == ((0, 2), (0,), (0, 1))
    assert not world.changed(world.snapshot(worker), world.snapshot(other))
    with pytest.raises(JobFailed, match="cut"):
        other.execute(world.train([B]))


def test_the_file_is_whole_hashed_and_alone_in_its_folder(tmp_path):
    worker = world.executor(tmp_path, job())
    signal, _ = worker.execute(world.checkpoint("a/b/1.pt"))
    content = (tmp_path / "a/b/1.pt").read_bytes()
    assert signal.bytes == len(content) and signal.sha256 == hashlib.sha256(content).hexdigest()
    assert os.listdir(tmp_path / "a/b") == ["1.pt"]


def test_others_are_removed_once_the_new_one_is_whole_and_not_before(tmp_path, monkeypatch):
    worker = world.executor(tmp_path, job())
    for name in ("1", "2", "3"):
        written(worker, f"checkpoints/{name}.pt")
    (tmp_path / "checkpoints" / ".4.pt.17.tmp").write_bytes(b"of somebody who was killed")
    (tmp_path / "checkpoints" / "folder").mkdir()
    with monkeypatch.context() as broken:
        broken.setattr(torch, "save", lambda state, file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(JobFailed):
            worker.execute(world.checkpoint("checkpoints/4.pt", ("checkpoints/2.pt",)))
    assert {"1.pt", "2.pt", "3.pt"} <= set(os.listdir(tmp_path / "checkpoints"))
    worker.execute(world.checkpoint("checkpoints/4.pt", ("checkpoints/2.pt", "checkpoints/gone.pt")))
    assert sorted(os.listdir(tmp_path / "checkpoints")) == ["2.pt", "4.pt", "folder"]
    with pytest.raises(JobFailed, match="run's folder"):
        worker.execute(world.checkpoint("checkpoints/5.pt", ("../2.pt",)))


def test_once_a_checkpoint_is_whole_the_other_files_of_its_folder_are_removed_but_the_kept(tmp_path, monkeypatch):
    worker = world.executor(tmp_path, job())
    for name in "12345":
        written(worker, f"checkpoints/{name}.pt")
    (tmp_path / "checkpoints" / ".6.pt.17.tmp").write_bytes(b"of a worker that was killed")
    (tmp_path / "journal.db").write_bytes(b"precious")
    written(worker, "elsewhere/1.pt")
    with monkeypatch.context() as broken:
        broken.setattr(torch, "save", lambda state, file: file.write(b"x") and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            worker.execute(world.checkpoint("checkpoints/6.pt", ()))
    assert len(os.listdir(tmp_path / "checkpoints")) == 6, "nothing goes before the new one is there"
    worker.execute(world.checkpoint("checkpoints/6.pt", ("checkpoints/2.pt", "checkpoints/5.pt", "checkpoints/9.pt")))
    assert sorted(os.listdir(tmp_path / "checkpoints")) == ["2.pt", "5.pt", "6.pt"]
    assert sorted(os.listdir(tmp_path)) == ["checkpoints", "elsewhere", "journal.db"]


def test_the_runs_own_folder_is_never_cleared(tmp_path):
    worker = world.executor(tmp_path, job())
    (tmp_path / "journal.db").write_bytes(b"precious")
    for path in ("6.pt", "a/../6.pt", "./6.pt"):
        with pytest.raises(JobFailed, match="only a folder of checkpoints") as caught:
            worker.execute(world.checkpoint(path, ()))
        assert caught.value.code == FailureCode.invalid_job
    assert os.listdir(tmp_path) == ["journal.db"]


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path, monkeypatch):
    worker = world.executor(tmp_path, job())
    restore = written(worker)
    worker.execute(world.train([A]))

    def breaks(state, file):
        file.write(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", breaks)
    with pytest.raises(JobFailed, match="No space left"):
        worker.execute(world.checkpoint("checkpoints/5.pt"))
    assert os.listdir(tmp_path / "checkpoints") == ["5.pt"]
    worker.execute(restore)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE = {
    "torn in the middle": lambda whole: whole[: len(whole) // 2],
    "its last byte missing": lambda whole: whole[:-1],
    "a page never written": lambda whole: whole[:4096] + bytes(4096) + whole[8192:],
    "empty": lambda whole: b"",
    "a byte too long": lambda whole: whole + b"\0",
    "its first bit flipped": lambda whole: flipped(whole, 0),
    "a bit in the middle flipped": lambda whole: flipped(whole, len(whole) // 2),
    "its last bit flipped": lambda whole: flipped(whole, len(whole) - 1),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_changed_file_is_refused_and_changes_nothing_and_the_one_before_serves(tmp_path, damage):
    worker = world.executor(tmp_path, job())
    before_that = written(worker, "checkpoints/4.pt")
    restore = written(worker)
    path = tmp_path / restore.path
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[damage](whole))
    worker.execute(world.train([A]))
    before = world.snapshot(worker)
    with pytest.raises(JobFailed, match="sha256") as caught:
        worker.execute(restore)
    assert caught.value.code == FailureCode.invalid_job
    assert not world.changed(before, world.snapshot(worker))
    worker.execute(before_that)


def test_a_checkpoint_of_another_space_is_refused(tmp_path):
    restore = written(world.executor(tmp_path, job()))
    other = world.executor(tmp_path, job(space_hash="another"))
    with pytest.raises(JobFailed, match="another space"):
        other.execute(restore)
    # the hash says the same, the tensors do not
    wider = world.executor(tmp_path, world.prepare(world.small_space(hidden=5)))
    with pytest.raises(JobFailed, match="tensors"):
        wider.execute(restore)


def test_what_was_cut_cannot_be_restored_into(tmp_path):
    worker = world.executor(tmp_path, job())
    restore = written(worker)
    worker.execute(world.restrict(((0,), (0,), (0,))))
    with pytest.raises(JobFailed, match="prepare again"):
        worker.execute(restore)


def test_a_file_that_is_no_checkpoint_is_refused_whatever_it_would_run(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    worker = world.executor(tmp_path, job())
    for content in (b"", b"nonsense", pickle.dumps(Evil(), 2)):
        (tmp_path / "x.pt").write_bytes(content)
        with pytest.raises(JobFailed, match="not a checkpoint"):
            worker.execute(Restore(path="x.pt", sha256=hashlib.sha256(content).hexdigest()))
    assert not (tmp_path / "ran").exists()
    with pytest.raises(JobFailed, match="cannot read"):
        worker.execute(Restore(path="missing.pt", sha256="0"))


@pytest.mark.parametrize("path", ["../x.pt", "/tmp/x.pt", "", ".", "a/../../x.pt", "link/x.pt", "a\0b"])
def test_nothing_is_written_or_read_outside_the_runs_folder(tmp_path, path):
    (tmp_path / "run").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path / "outside")
    worker = world.executor(tmp_path / "run", job())
    for asked in (world.checkpoint(path), Restore(path=path, sha256="0"), Export(architecture=A, folder=path)):
        with pytest.raises(JobFailed, match="run's folder") as caught:
            worker.execute(asked)
        assert caught.value.code == FailureCode.invalid_job
    assert not list((tmp_path / "outside").iterdir())
