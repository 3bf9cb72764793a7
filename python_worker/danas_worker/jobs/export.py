"""A network's weights and description on disk, for use without danas.

The folder holds ``model.safetensors`` (weights and batch-norm statistics), ``model.json`` (what the network is, which
classes in which order, how images are normalised) and ``model.py``, a copy of blocks.py that needs only torch and
safetensors::

    from model import load
    logits_NK = load(".")(x_NCHW)
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from .. import __version__
from ..files import below, digest, make_folder, sync_folder, unwritten
from ..network import blocks
from ..network.blocks import Network, load
from ..network.space import Architecture, blocks_of, name_of
from ..protocol.messages import Export, Exported, ExportedFile
from ..protocol.plain import plain
from ..training.meter import Meter
from ..training.model import Model
from .workplace import Workplace

load_exported = load


def export(at: Workplace, job: Export, meter: Meter) -> Exported:
    """Writes the three files; each is renamed into place whole. Statistics are exported as they are."""
    model, architecture = at.prepared(), tuple(job.architecture)
    model.supernet.check(architecture)
    folder = below(at.run_folder, job.folder)
    try:
        make_folder(folder)
        files = [
            _placed(folder / "model.safetensors", lambda path: path.write_bytes(save(_weights(model, architecture)))),
            _placed(
                folder / "model.json",
                lambda path: path.write_text(json.dumps(_about(model, architecture), indent=1)),
            ),
            _placed(folder / "model.py", lambda path: shutil.copyfile(blocks.__file__, path)),
        ]
        sync_folder(folder)
    except OSError as error:
        raise unwritten(job.folder, error) from None
    relative = Path(job.folder)
    return Exported(
        files=[ExportedFile(path=str(relative / path.name), bytes=size, sha256=sha) for path, size, sha in files]
    )


def standalone(model: Model, architecture: Architecture) -> Network:
    """The network as a module of its own, on the CPU, with copies of the supernet's weights and statistics."""
    space = model.job.space
    network = Network([plain(block) for block in blocks_of(space, architecture)], plain(space.head), space.classes)
    network.load_state_dict(_weights(model, architecture))
    return network.eval()


def _weights(model: Model, architecture: Architecture) -> dict[str, Tensor]:
    """by the names of a Network: blocks.<place>.…, classifier.…"""
    tensors: dict[str, Tensor] = {}
    for place, block in enumerate(model.supernet.path(architecture)):
        tensors |= {f"blocks.{place}.{name}": tensor for name, tensor in block.state_dict().items()}
    tensors |= {f"classifier.{name}": tensor for name, tensor in model.supernet.classifier.state_dict().items()}
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def _about(model: Model, architecture: Architecture) -> dict[str, Any]:
    space = model.job.space
    described = plain(space)
    return {
        "format": "danas-model-1",
        "name": space.name,
        "input": described["input"],
        # None where the data does not say: then images are expected as the data gave them
        "normalisation": getattr(model.data, "normalisation", None),
        "classes": list(model.info.classes),
        "blocks": [plain(block) for block in blocks_of(space, architecture)],
        "head": described["head"],
        "architecture": {
            "choices": list(architecture),
            "names": name_of(space, architecture),
        },
        "space": described,
        "spaceHash": model.job.space_hash,
        "versions": {"danas": __version__, "torch": torch.__version__, "python": platform.python_version()},
    }


def _placed(path: Path, write: Any) -> tuple[Path, int, str]:
    """path, bytes, sha256 of a file written whole or not at all"""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
            sha256 = digest(file)
        size = temporary.stat().st_size
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path, size, sha256
