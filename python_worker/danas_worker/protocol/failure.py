"""From the wire's messages to our words, and back. What came from outside is checked by the words themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from . import words
from .generated.danas.v1 import job_pb2, signal_pb2, space_pb2

MAX_TEXT = 2_000
"""characters of a failure's message"""

# ---- jobs in --------------------------------------------------------------------------------------------------------


def job_from_wire(message: job_pb2.Job) -> words.Job:
    """Raises JobFailed("invalid-job") where the message makes no sense."""
    try:
        return _job(message)
    except (ValueError, OverflowError, RecursionError) as error:
        raise words.JobFailed("invalid-job", str(error), "the orchestrator sent a job that cannot be done") from None


def _job(message: job_pb2.Job) -> words.Job:
    kind = message.WhichOneof("kind")
    match kind:
        case "inspect":
            return words.Inspect(_data(message.inspect.data))
        case "prepare":
            return _prepare(message.prepare)
        case "train":
            train = message.train
            steps = tuple(
                words.TrainStep(
                    tuple(words.WeightedPath(_choices(path.architecture), path.weight) for path in step.paths),
                    step.learning_rate,
                    step.batch,
                )
                for step in train.steps
            )
            return words.Train(train.stream, train.scope, steps)
        case "gates":
            steps_ = tuple(
                words.GateStep(
                    _choices(step.architecture), tuple(tuple(a.indices) for a in step.alternatives), step.batch
                )
                for step in message.gates.steps
            )
            return words.Gates(message.gates.stream, steps_)
        case "score":
            score = message.score
            return words.Score(score.stream, tuple(map(_choices, score.architectures)), tuple(score.batches))
        case "evaluate":
            evaluate = message.evaluate
            return words.Evaluate(
                evaluate.stream,
                tuple(map(_choices, evaluate.architectures)),
                evaluate.batches,
                evaluate.recalibrate.stream,
                evaluate.recalibrate.batches,
            )
        case "bn_scales":
            return words.BnScales()
        case "restrict":
            return words.Restrict(tuple(tuple(slot.indices) for slot in message.restrict.alive))
        case "export":
            return words.Export(_choices(message.export.architecture), message.export.folder)
        case "checkpoint":
            checkpoint = message.checkpoint
            return words.Checkpoint(
                checkpoint.path, tuple(checkpoint.kept.paths) if checkpoint.HasField("kept") else None
            )
        case "restore":
            return words.Restore(message.restore.path, message.restore.sha256)
        case _:
            raise ValueError("the job has no kind that this worker knows")


def _choices(message: space_pb2.Architecture) -> words.Architecture:
    return tuple(message.choices)


def _prepare(message: job_pb2.Prepare) -> words.Prepare:
    optimizer = message.optimizer
    compute = message.compute
    return words.Prepare(
        space=_space(message.space),
        space_hash=message.space_hash,
        data=_data(message.data),
        streams=tuple(map(_stream, message.streams)),
        optimizer=words.OptimizerSpec(
            optimizer.momentum,
            optimizer.nesterov,
            optimizer.weight_decay,
            optimizer.decay_norm,
            optimizer.clip_value if optimizer.HasField("clip_value") else None,
        ),
        label_smoothing=message.label_smoothing,
        compute=words.ComputeSpec(
            compute.device, compute.precision, compute.channels_last, compute.compile, compute.threads
        ),
        seed=message.seed,
        checks=tuple(map(_choices, message.checks)),
    )


def _data(message: job_pb2.DataSpec) -> words.DataSpec:
    source: words.DataSource
    match message.WhichOneof("source"):
        case "fashion_mnist":
            source = words.FashionMnist(message.fashion_mnist.root)
        case "folder":
            source = words.Folder(message.folder.root)
        case "synthetic":
            source = words.Synthetic(message.synthetic.per_class, message.synthetic.noise)
        case "python":
            source = words.PythonFactory(message.python.factory, _options(message.python.options_json))
        case _:
            raise ValueError("the data has no source that this worker knows")
    return words.DataSpec(
        source,
        _input(message.input),
        message.classes,
        message.valid_fraction,
        message.test_fraction,
        message.split_seed,
        message.on_device,
    )


def _options(text: str) -> dict[str, Any]:
    options = json.loads(text or "{}")
    if not isinstance(options, dict):
        raise ValueError("the data factory's options are not an object")
    return options


def _stream(message: job_pb2.StreamSpec) -> words.StreamSpec:
    augment = message.augment
    return words.StreamSpec(
        message.name,
        message.split,
        tuple(message.classes),
        message.batch_size,
        message.shuffle,
        message.seed,
        words.Augment(augment.pad, augment.flip, augment.cutout, augment.min_area)
        if message.HasField("augment")
        else None,
    )


def _input(message: space_pb2.InputShape) -> words.InputShape:
    return words.InputShape(message.channels, message.height, message.width)


def _space(message: space_pb2.Space) -> words.Space:
    head = message.head
    return words.Space(
        message.name,
        _input(message.input),
        message.classes,
        tuple(map(_block, message.stem)),
        tuple(
            words.Slot(slot.name, slot.stage, tuple(words.Candidate(c.name, _block(c.block)) for c in slot.candidates))
            for slot in message.slots
        ),
        words.Head(tuple(map(_block, head.blocks)), head.hidden, head.hidden_activation, head.dropout),
    )


def _block(message: space_pb2.Block) -> words.Block:
    op: words.Op
    match message.WhichOneof("op"):
        case "mbconv":
            m = message.mbconv
            op = words.MbConv(m.kernel, m.hidden, m.squeeze, m.activation, m.gate)
        case "conv":
            op = words.Conv(message.conv.kernel, message.conv.activation)
        case "skip":
            op = words.Skip()
        case _:
            raise ValueError("a block has no op that this worker knows")
    return words.Block(op, message.in_channels, message.out_channels, message.stride, message.height, message.width)


# ---- signals out ----------------------------------------------------------------------------------------------------


def signal_to_wire(signal: words.Signal) -> signal_pb2.Signal:
    out = signal_pb2.Signal()
    match signal:
        case words.Inspected(data):
            out.inspect.CopyFrom(
                signal_pb2.Inspected(
                    classes=data.classes,
                    input=space_pb2.InputShape(
                        channels=data.input.channels, height=data.input.height, width=data.input.width
                    ),
                    splits=[signal_pb2.SplitInfo(split=s.split, counts=s.counts, hash=s.hash) for s in data.splits],
                    fingerprint=data.fingerprint,
                )
            )
        case words.Prepared(device, macs, params):
            out.prepare.CopyFrom(signal_pb2.Prepared(device=device, macs=macs, params=params))
        case words.Trained(losses, accuracies, samples):
            out.train.CopyFrom(signal_pb2.Trained(losses=losses, accuracies=accuracies, samples=samples))
        case words.GatesRead(steps):
            out.gates.CopyFrom(
                signal_pb2.GatesRead(
                    steps=[
                        signal_pb2.GateSignal(loss=s.loss, accuracy=s.accuracy, gradients=_rows(s.gradients))
                        for s in steps
                    ]
                )
            )
        case words.Scored(log_likelihoods, samples):
            out.score.CopyFrom(signal_pb2.Scored(log_likelihoods=_rows(log_likelihoods), samples=samples))
        case words.Evaluated(results):
            out.evaluate.CopyFrom(
                signal_pb2.Evaluated(
                    results=[
                        signal_pb2.Evaluation(
                            loss=r.loss,
                            accuracy=r.accuracy,
                            per_class=[-1.0 if value is None else value for value in r.per_class],
                            samples=r.samples,
                        )
                        for r in results
                    ]
                )
            )
        case words.BnScalesRead(scales):
            out.bn_scales.CopyFrom(signal_pb2.BnScalesRead(scales=_rows(scales)))
        case words.Restricted(freed, left):
            out.restrict.CopyFrom(signal_pb2.Restricted(bytes_freed=freed, parameters_left=left))
        case words.Exported(files):
            out.export.CopyFrom(
                signal_pb2.Exported(
                    files=[signal_pb2.ExportedFile(path=f.path, bytes=f.bytes, sha256=f.sha256) for f in files]
                )
            )
        case words.Checkpointed(path, size, sha256):
            out.checkpoint.CopyFrom(signal_pb2.Checkpointed(path=path, bytes=size, sha256=sha256))
        case words.Restored():
            out.restore.CopyFrom(signal_pb2.Restored())
    return out


def _rows(rows: Sequence[Sequence[float]]) -> list[signal_pb2.Row]:
    return [signal_pb2.Row(values=row) for row in rows]


def timing_to_wire(timing: words.Timing) -> signal_pb2.Timing:
    return signal_pb2.Timing(
        total_ms=timing.total_ms, data_ms=timing.data_ms, compute_ms=timing.compute_ms, wait_ms=timing.wait_ms
    )


def failure_to_wire(failure: words.JobFailed) -> signal_pb2.Failure:
    return signal_pb2.Failure(
        code=failure.code, message=_shortened(failure.message), hint=_shortened(failure.hint), step=failure.step
    )


def _shortened(text: str) -> str:
    # surrogates, from file names that are no text, cannot be sent
    text = text.encode(errors="replace").decode()
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
