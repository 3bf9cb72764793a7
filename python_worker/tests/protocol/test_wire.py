"""What comes over the wire is a sound job, or a failure of code invalid_job; never anything else."""

from __future__ import annotations

import commands
import fuzz
import pytest
import sample
import world
from commands import prepare, put, without
from google.protobuf.message import DecodeError

from danas_worker.protocol import messages as pb
from danas_worker.protocol.checks import job_of
from danas_worker.protocol.failure import MAX_TEXT, JobFailed


def train(**fields: object) -> pb.Command:
    return pb.Command(train=pb.Train(stream="t", **fields))  # type: ignore[arg-type]


STEP = world.train_step(([0, 1], 0.5), ([0, 1], 0.5), rate=0.25, batch=7)
CHECKPOINTS = [
    pb.Command(checkpoint=world.checkpoint("c.pt", [])),
    pb.Command(checkpoint=world.checkpoint("c.pt", ["b"])),
]


@pytest.mark.parametrize("command", [prepare(), *commands.jobs(), *CHECKPOINTS], ids=lambda c: c.WhichOneof("job"))
def test_a_sound_job_comes_through_as_it_is(command: pb.Command) -> None:
    before = command.SerializeToString(deterministic=True)
    job = job_of(command)
    assert job == getattr(command, command.WhichOneof("job") or "")
    assert command.SerializeToString(deterministic=True) == before, "what is not there is not put there by looking"


@pytest.mark.parametrize(
    "source",
    [
        {"fashion_mnist": pb.FashionMnist(root="/d")},
        {"folder": sample.folder("/d")},
        {"synthetic": sample.synthetic(7, 0.5)},
        {"python": pb.PythonFactory(factory="m:f")},
    ],
)
def test_each_source_of_data_is_understood(source: dict[str, object]) -> None:
    data = commands.data()
    data.ClearField("python")
    data.MergeFrom(pb.DataSpec(**source))  # type: ignore[arg-type]
    job = job_of(pb.Command(inspect=pb.Inspect(data=data)))
    assert isinstance(job, pb.Inspect)
    assert job.data.WhichOneof("source") in source


def changed(path: str, value: object) -> pb.Command:
    return put(prepare(), path, value)


ABSURD: dict[str, tuple[pb.Command, str]] = {
    "nothing": (pb.Command(), "the job has no kind that this worker knows"),
    "an empty prepare": (pb.Command(prepare=pb.Prepare()), "no task"),
    "no data": (pb.Command(inspect=pb.Inspect()), "inspect has no data"),
    "no steps": (train(), "the number of steps must be between 1 and 100000, not 0"),
    "a step without a path": (train(steps=[pb.TrainStep()]), "a train step needs a path"),
    "a scope nobody knows": (train(scope=3, steps=[STEP]), "train.scope must be one of all, last_bn, all_bn, not 3"),
    "a weight that is infinite": (
        train(steps=[world.train_step(([0], float("inf")))]),
        "a path's weight must be finite",
    ),
    "batches without an end": (put(commands.jobs()[3], "batches", 2**32 - 1), "evaluate.batches must be"),
    "recalibration without an end": (
        put(commands.jobs()[3], "recalibrate.batches", 2**32 - 1),
        "evaluate.recalibrate.batches must be",
    ),
    "a NaN": (changed("classification.label_smoothing", float("nan")), "label_smoothing must be between 0.0 and 0.99"),
    "an infinite fraction": (changed("data.valid_fraction", float("inf")), "data.valid_fraction must be"),
    "a negative fraction": (changed("data.test_fraction", -0.5), "data.test_fraction must be"),
    "a huge class count": (put(changed("space.classes", 2**32 - 1), "data.classes", 2**32 - 1), "space.classes must"),
    "a huge width": (changed("space.stem.0.out_channels", 2**32 - 1), "block.out_channels must be"),
    "an even kernel": (changed("space.stem.0.conv.kernel", 4), "conv.kernel must be odd, not 4"),
    "a stride of 0": (changed("space.stem.0.stride", 0), "block.stride must be between 1 and 8, not 0"),
    "widths that do not meet": (changed("space.stem.0.out_channels", 9), "expects 8 channels but is given 9"),
    "a strided skip": (changed("space.slots.0.candidates.1.block.stride", 2), "a skip needs stride 1"),
    "a block of no op": (without(prepare(), "space.stem.0.conv"), "a block has no op that this worker knows"),
    "candidates that differ": (changed("space.slots.0.candidates.0.block.out_channels", 9), "differ in widths"),
    "a slot without candidates": (without(prepare(), "space.slots.0.candidates"), "slot 1.1 has no candidate"),
    "a space without a stem": (without(prepare(), "space.stem"), "the space has no stem"),
    "a space without a head": (without(prepare(), "space.head"), "space has no head"),
    "an activation nobody knows": (changed("space.head.hidden_activation", 5), "head.hidden_activation must be one of"),
    "a gate nobody knows": (
        changed("space.slots.0.candidates.0.block.mbconv.gate", 2),
        "mbconv.gate must be one of sigmoid, hsigmoid, not 2",
    ),
    "input shapes that differ": (changed("data.input.height", 7), "differ in the input's shape"),
    "class counts that differ": (changed("data.classes", 5), "differ in their number of classes"),
    "data from nowhere": (without(prepare(), "data.python"), "the data has no source that this worker knows"),
    "a task nobody knows": (without(prepare(), "classification"), "no task that this worker knows"),
    "a batch of 0": (changed("streams.0.batch_size", 0), "stream.batch_size must be"),
    "a split nobody knows": (changed("streams.0.split", 4), "stream.split must be one of train, valid, test, full"),
    "two streams of a name": (changed("streams.0.name", "v"), "two streams have the same name"),
    "a stream without a name": (changed("streams.0.name", ""), "a stream needs a name"),
    "a crop of nothing": (changed("streams.0.augment.min_area", 0.0), "augment.min_area must be"),
    "no optimizer": (without(prepare(), "optimizer"), "prepare has no optimizer"),
    "a clip of nothing": (changed("optimizer.clip_value", 0.0), "optimizer.clip_value must be"),
    "no device": (without(prepare(), "compute"), "prepare has no compute"),
    "a device nobody knows": (changed("compute.device", 3), "compute.device must be one of auto, cpu, cuda, not 3"),
    "a precision nobody knows": (changed("compute.precision", 3), "compute.precision must be one of float32,"),
    "options that are no JSON": (changed("data.python.options_json", "{"), ""),
    "options that are no object": (changed("data.python.options_json", "[1]"), "options are not an object"),
    "options without an end": (changed("data.python.options_json", "[" * 100_000), ""),
    "a check that does not fit": (
        pb.Command.FromString(
            prepare().SerializeToString()
            + pb.Command(prepare=pb.Prepare(checks=world.architectures([[2]]))).SerializeToString()
        ),
        "choice of slot 1.1 must be between 0 and 1, not 2",
    ),
}


@pytest.mark.parametrize("what", ABSURD)
def test_what_makes_no_sense_is_an_invalid_job_that_says_why(what: str) -> None:
    command, says = ABSURD[what]
    with pytest.raises(JobFailed) as failed:
        job_of(command)
    assert failed.value.code == pb.FailureCode.invalid_job
    assert failed.value.message and says in failed.value.message
    assert failed.value.hint


def test_a_clip_value_that_is_absent_is_not_asked_for_its_bounds() -> None:
    job_of(without(prepare(), "optimizer.clip_value"))


def test_whatever_bytes_come_they_are_sound_or_an_invalid_job() -> None:
    what = "messages with damaged bytes"
    draw = fuzz.draw_for(what)
    outcomes = {"sound": 0, "invalid_job": 0, "no message": 0}
    sound = [prepare(), *commands.jobs(), *CHECKPOINTS]
    for _ in range(fuzz.cases(3000, what)):
        content = bytearray(draw.choice(sound).SerializeToString())
        if draw.random() < 0.5 or not content:
            at = draw.randint(0, len(content))
            content[at:at] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 8)))
        else:
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            command = pb.Command.FromString(bytes(content))
        except DecodeError:
            outcomes["no message"] += 1
        else:
            outcomes[outcome(command)] += 1
    assert min(outcomes.values()) > 30, f"the fuzzing must reach every outcome: {outcomes}"


def test_whatever_fields_say_they_are_sound_or_an_invalid_job() -> None:
    what = "messages with absurd fields"
    draw = fuzz.draw_for(what)
    outcomes = {"sound": 0, "invalid_job": 0}
    for _ in range(fuzz.cases(3000, what)):
        command = prepare()
        for _ in range(draw.randint(1, 2)):
            fuzz.disturb(command, draw)
        outcomes[outcome(command)] += 1
    assert min(outcomes.values()) > 300, f"the fuzzing must reach every outcome: {outcomes}"


def outcome(command: pb.Command) -> str:
    try:
        job_of(command)
        return "sound"
    except JobFailed as failed:
        assert failed.message
        return pb.FailureCode.Name(failed.code)


def test_a_failure_is_sent_whatever_its_text() -> None:
    failed = JobFailed(pb.FailureCode.io, "x" * (MAX_TEXT + 1), "no text: \udcff", step=0).to_wire()
    assert pb.Failure.FromString(failed.SerializeToString()) == failed
    assert failed.message == "x" * (MAX_TEXT - 1) + "…" and failed.hint == "no text: ?"
    assert failed.HasField("step") and not JobFailed(pb.FailureCode.io, "").to_wire().HasField("step")
