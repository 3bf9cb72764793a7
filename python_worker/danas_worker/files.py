"""Paths below the run's folder: a worker writes nowhere else, whatever it is told."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from .protocol.failure import JobFailed
from .protocol.messages import FailureCode


def below(run_folder: Path, path: str) -> Path:
    """The absolute path, symlinks followed. Raises ValueError where it is not truly below the run's folder."""
    root = run_folder.resolve()
    if not path or "\0" in path or Path(path).is_absolute():
        raise ValueError(f"{path!r} must be a path relative to the run's folder")
    try:
        resolved = (root / path).resolve()
    except (OSError, RuntimeError) as error:
        # links in a circle: a RuntimeError before Python 3.13
        raise ValueError(f"{path!r} leads nowhere: {error}") from None
    if resolved == root or not resolved.is_relative_to(root):
        raise ValueError(f"{path!r} leads out of the run's folder")
    return resolved


NO_NAME = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EILSEQ, errno.EINVAL})
"""the path itself is at fault"""


def unwritten(path: str, error: OSError) -> Exception:
    """
    A disk that is full, a quota used up, a folder that may not be written, a broken disk: JobFailed io, nothing that
    the job could help. A name that no file can have: ValueError.
    """
    why = f"cannot write {path[:300]}: {error.strerror or error}"
    if error.errno in NO_NAME:
        return ValueError(why)
    return JobFailed(FailureCode.io, why, "make room on the disk, or mend its rights")


def make_folder(folder: Path) -> None:
    """With those above it, each entry durable: a synced file in a folder that a power cut forgets is lost too."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(exist_ok=True)
        sync_folder(made.parent)


def is_below(folder: Path, path: Path) -> bool:
    """whether the path is the folder or lies in it, symlinks followed"""
    return path.resolve().is_relative_to(folder.resolve())


def sync_folder(folder: Path) -> None:
    """makes a rename within the folder durable"""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(file: BinaryIO) -> str:
    """sha256 of an open file from where it stands, in hex"""
    sha256 = hashlib.sha256()
    while chunk := file.read(1 << 20):
        sha256.update(chunk)
    return sha256.hexdigest()
