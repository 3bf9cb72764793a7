"""What an orchestrator sends, sound, for tests to disturb; and what it reads in an answer."""

from __future__ import annotations

from typing import Any

import world
from google.protobuf.message import Message

from danas_worker.protocol import messages as pb


def space() -> pb.Space:
    conv = pb.Conv(kernel=3, activation="relu6")
    mbconv = pb.MbConv(kernel=5, hidden=24, squeeze=4, activation="hswish", gate="hsigmoid")
    candidates = [
        pb.Candidate(name="k5e3se", block=world.block(mbconv, 8, 8, 1, 6, 6)),
        pb.Candidate(name="skip", block=world.block(pb.Skip(), 8, 8, 1, 6, 6)),
    ]
    return pb.Space(
        name="tiny",
        input=world.shape(3, 6, 6),
        classes=4,
        stem=[world.block(conv, 3, 8, 1, 6, 6)],
        slots=[pb.Slot(name="1.1", stage=1, candidates=candidates)],
        head=pb.Head(blocks=[world.block(conv, 8, 16, 1, 6, 6)], hidden=32, hidden_activation="relu", dropout=0.25),
    )


def data() -> pb.DataSpec:
    return pb.DataSpec(
        python=pb.PythonFactory(factory="m:f", options_json='{"root": "x", "n": [1, 2]}'),
        input=world.shape(3, 6, 6),
        classes=4,
        valid_fraction=0.25,
        test_fraction=0.125,
        split_seed=2**53,
        on_device="never",
    )


def prepare() -> pb.Command:
    """every field says something"""
    augment = pb.Augment(pad=2, flip=True, cutout=3, min_area=0.5)
    prepare = pb.Prepare(
        space=space(),
        space_hash="abc",
        data=data(),
        streams=[
            pb.StreamSpec(
                name="t", split="train", classes=["a", "b"], batch_size=8, shuffle=True, seed=9, augment=augment
            ),
            pb.StreamSpec(name="v", split="valid", batch_size=4),
        ],
        optimizer=pb.OptimizerSpec(momentum=0.5, nesterov=True, weight_decay=0.25, decay_norm=True, clip_value=5.0),
        classification=pb.Classification(label_smoothing=0.125),
        compute=pb.ComputeSpec(device="cpu", precision="bfloat16", channels_last=True, compile=True, threads=3),
        seed=11,
        checks=world.architectures([[1], [0]]),
    )
    return pb.Command(id="job-0", prepare=prepare)


def runnable_prepare() -> pb.Command:
    """one that needs no disk and no compiler"""
    command = prepare()
    message = command.prepare
    message.data.synthetic.CopyFrom(pb.Synthetic(per_class=12, noise=0.5))
    message.data.split_seed = 1
    message.data.on_device = pb.DataSpec.auto
    message.streams[0].classes[:] = ["class-0", "class-2"]
    message.compute.CopyFrom(world.compute(channels_last=True))
    return command


def jobs() -> list[pb.Command]:
    """one of each kind after it; only the restore fails: no file has that sum"""
    step, gate = world.train_step(([0], 1.0), rate=0.01, batch=3), world.gate_step([0], [[1]], batch=2)
    given: list[dict[str, Any]] = [
        {"train": pb.Train(stream="t", steps=[step, step])},
        {"gates": world.gates("v", gate)},
        {"score": world.score("v", [[0], [1]], [0, 1])},
        {"evaluate": world.evaluate([(1,)], batches=1, recalibrate=1, name="v", source="t")},
        {"bn_scales": pb.BnScales()},
        {"checkpoint": world.checkpoint("c.pt")},
        {"restore": pb.Restore(path="c.pt", sha256="0" * 64)},
        {"export": pb.Export(architecture=[0], folder="exported")},
        {"restrict": world.restrict([[0, 1]])},
    ]
    return [pb.Command(id="job-1", **fields) for fields in given]


def train_job(*rates: float) -> dict[str, Message]:
    path = pb.WeightedPath(architecture=[0, 1], weight=1.0)
    steps = [pb.TrainStep(paths=[path], learning_rate=rate, batch=i) for i, rate in enumerate(rates or (0.25,))]
    return {"train": pb.Train(stream="train", scope="all", steps=steps)}


def command(name: str, job: dict[str, Message] | None = None) -> pb.ToWorker:
    """`job`: by its name in Command"""
    given: dict[str, Any] = train_job() if job is None else job
    return pb.ToWorker(command=pb.Command(id=name, **given))


def hello(run: str = "run", incarnation: int = 1, **fields: Any) -> pb.ToWorker:
    given = {"protocol": 2, "run_folder": "/runs/run"} | fields
    return pb.ToWorker(hello=pb.Hello(run=run, incarnation=incarnation, **given))


def refused(message: pb.FromWorker) -> str:
    """why; the first of the codes is 0, so that what is no refusal would look like one"""
    assert message.HasField("refusal"), message
    return pb.Refusal.Code.Name(message.refusal.code)


def failed(reply: pb.Reply) -> str:
    assert reply.HasField("failure"), reply
    return pb.FailureCode.Name(reply.failure.code)


def put(command: pb.Command, path: str, value: Any) -> pb.Command:
    """the command with one field of its job changed: `space.stem.0.stride`"""
    target, last = _at(command, path)
    setattr(target, last, value)
    return command


def without(command: pb.Command, path: str) -> pb.Command:
    """the command without one part of its job"""
    target, last = _at(command, path)
    target.ClearField(last)
    return command


def _at(command: pb.Command, path: str) -> tuple[Any, str]:
    target: Any = getattr(command, command.WhichOneof("job") or "")
    *steps, last = path.split(".")
    for step in steps:
        target = target[int(step)] if step.isdigit() else getattr(target, step)
    return target, last
