"""Weights, momentum, statistics and the alive set, on disk and back: after `restore` training goes on bit for bit."""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..files import below, digest, make_folder, sync_folder, unwritten
from ..network.space import Alive
from ..protocol.messages import Checkpoint, Checkpointed, Restore, Restored
from ..training.meter import Meter
from ..training.model import Model
from .restrict import cut
from .workplace import Workplace

FORMAT = 1


def write(at: Workplace, job: Checkpoint, meter: Meter) -> Checkpointed:
    """
    Written to a temporary file beside it, synced, renamed: under the path stands the old file or the new one, whole,
    whenever the machine stops.
    """
    model, run_folder = at.prepared(), at.run_folder
    path = below(run_folder, job.path)
    kept = {below(run_folder, other) for other in job.kept.paths} if job.HasField("kept") else None
    if kept is not None and path.parent == run_folder.resolve():
        # the journal lies there
        raise ValueError(f"{job.path} lies in the run's folder itself: only a folder of checkpoints alone is cleared")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        make_folder(path.parent)
        with temporary.open("wb") as file:
            torch.save(_state(model), file)
            file.flush()
            os.fsync(file.fileno())
        with temporary.open("rb") as file:
            sha256 = digest(file)
        size = temporary.stat().st_size
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritten(job.path, error) from None
    except RuntimeError as error:
        # torch's own writer hides what the system said
        if (cause := _system_error(error)) is None:
            raise
        raise unwritten(job.path, cause) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    if kept is not None:
        _clear(path.parent, kept | {path})
    return Checkpointed(path=job.path, bytes=size, sha256=sha256)


def _clear(folder: Path, kept: set[Path]) -> None:
    """Removes the other files of the folder. One that cannot be removed costs room, nothing else."""
    with contextlib.suppress(OSError):
        for file in list(folder.iterdir()):
            if file not in kept and file.is_file():
                with contextlib.suppress(OSError):
                    file.unlink()


def restore(at: Workplace, job: Restore, meter: Meter) -> Restored:
    """Into a model prepared from the same space. Nothing is changed unless the whole file fits."""
    model = at.prepared()
    path = below(at.run_folder, job.path)
    try:
        # hashed and read through one handle: the file cannot be exchanged in between
        with path.open("rb") as file:
            if (found := digest(file)) != job.sha256:
                raise ValueError(
                    f"{job.path} is not the file that was written: its sha256 is {found}, not {job.sha256}"
                )
            file.seek(0)
            state = torch.load(file, map_location=model.compute.device, weights_only=True)
    except OSError as error:
        raise ValueError(f"cannot read {job.path}: {error.strerror}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise ValueError(f"{job.path} is not a checkpoint") from None
    alive = _checked(model, job.path, state)
    cut(model, alive)
    model.supernet.load_state_dict(state["weights"])
    _restore_momentum(model, state["momentum"])
    if model.optimizer.scaler and state["scaler"]:
        model.optimizer.scaler.scale.copy_(state["scaler"]["scale"])
        model.optimizer.scaler.good_steps.copy_(state["scaler"]["good_steps"])
    return Restored()


def _system_error(error: BaseException) -> OSError | None:
    """the OSError behind another error, where there is one"""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _state(model: Model) -> dict[str, Any]:
    names = {id(p): name for name, p in model.supernet.named_parameters()}
    scaler = model.optimizer.scaler
    return {
        "format": FORMAT,
        "space_hash": model.job.space_hash,
        "alive": [list(choices) for choices in model.supernet.alive],
        "weights": model.supernet.state_dict(),
        # only of blocks that were trained; the others' is zero
        "momentum": dict(pair for group in model.groups.all() for pair in group.named(names)),
        "scaler": {"scale": scaler.scale, "good_steps": scaler.good_steps} if scaler else None,
    }


def _checked(model: Model, path: str, state: Any) -> Alive:
    """the alive set of a state that fits the model; raises ValueError where it does not"""
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"{path} is not a checkpoint of this version")
    if state["space_hash"] != model.job.space_hash:
        raise ValueError(f"{path} is of another space: prepare the space it was written for")
    alive: Alive = tuple(tuple(choices) for choices in state["alive"])
    for slot, now, then in zip(model.job.space.slots, model.supernet.alive, alive, strict=True):
        if not set(then) <= set(now):
            raise ValueError(f"{path} holds candidates of slot {slot.name} that were cut since: prepare again first")
    gone = tuple(
        f"slots.{slot}.{choice}."
        for slot, now in enumerate(model.supernet.alive)
        for choice in now
        if choice not in alive[slot]
    )
    expected = {name: t.shape for name, t in model.supernet.state_dict().items() if not name.startswith(gone)}
    found: dict[str, Tensor] = state["weights"]
    momentum: dict[str, Tensor] = state["momentum"]
    if {name: t.shape for name, t in found.items()} != expected or any(
        expected.get(name) != t.shape for name, t in momentum.items()
    ):
        raise ValueError(f"the tensors of {path} are not those of this space")
    return alive


@torch.no_grad()
def _restore_momentum(model: Model, momentum: dict[str, Tensor]) -> None:
    names = {id(p): name for name, p in model.supernet.named_parameters()}
    for group in model.groups.all():
        owned = [names[id(p)] for p in group.parameters()]
        if not group.awake and any(name in momentum for name in owned):
            group.wake()
        for name, tensor in group.named(names):
            tensor.copy_(momentum[name]) if name in momentum else tensor.zero_()
