"""Paths below the run's folder: a worker writes nowhere else, whatever it is told."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from .words import JobFailed


def below(run_folder: Path, path: str) -> Path:
    """The absolute path, symlinks followed. Raises ValueError where it is not truly below the run's folder."""
    root = run_folder.resolve()
    if not path or "\0" in path or Path(path).is_absolute():
        raise ValueError(f"{path!r} must be a path relative to the run's folder")
    resolved = (root / path).resolve()
    if resolved == root or not resolved.is_relative_to(root):
        raise ValueError(f"{path!r} leads out of the run's folder")
    return resolved


def unwritten(path: str, error: OSError) -> JobFailed:
    """A disk that is full, a quota used up, a folder that may not be written: nothing that the job could help."""
    return JobFailed(
        "io", f"cannot write {path}: {error.strerror or error}", "make room on the disk, or mend its rights"
    )


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
