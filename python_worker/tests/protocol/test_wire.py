"""What comes over the wire becomes words, or a failure of code "invalid-job"; never anything else."""

from __future__ import annotations

import fuzz
import pytest
from google.protobuf.message import DecodeError

from danas_worker import wire, words
from danas_worker.generated.danas.v1 import job_pb2, space_pb2


def block(**fields: object) -> space_pb2.Block:
    op = {"conv": space_pb2.Conv(kernel=3, activation="relu6")} if not fields.keys() & {"skip", "mbconv"} else {}
    given: dict[str, object] = {"in_channels": 8, "out_channels": 8, "stride": 1, "height": 6, "width": 6}
    return space_pb2.Block(**(given | op | fields))  # type: ignore[arg-type]


def space() -> space_pb2.Space:
    mbconv = space_pb2.MbConv(kernel=5, hidden=24, squeeze=4, activation="hswish", gate="hsigmoid")
    candidates = [
        space_pb2.Candidate(name="k5e3se", block=block(mbconv=mbconv)),
        space_pb2.Candidate(name="skip", block=block(skip=space_pb2.Skip())),
    ]
    return space_pb2.Space(
        name="tiny",
        input=space_pb2.InputShape(channels=3, height=6, width=6),
        classes=4,
        stem=[block(in_channels=3)],
        slots=[space_pb2.Slot(name="1.1", stage=1, candidates=candidates)],
        head=space_pb2.Head(blocks=[block(out_channels=16)], hidden=32, hidden_activation="relu", dropout=0.25),
    )


def data() -> job_pb2.DataSpec:
    return job_pb2.DataSpec(
        python=job_pb2.PythonFactory(factory="m:f", options_json='{"root": "x", "n": [1, 2]}'),
        input=space_pb2.InputShape(channels=3, height=6, width=6),
        classes=4,
        valid_fraction=0.25,
        test_fraction=0.125,
        split_seed=2**53,
        on_device="never",
    )


def prepare() -> job_pb2.Prepare:
    augment = job_pb2.Augment(pad=2, flip=True, cutout=3, min_area=0.5)
    return job_pb2.Prepare(
        space=space(),
        space_hash="abc",
        data=data(),
        streams=[
            job_pb2.StreamSpec(
                name="t", split="train", classes=["a", "b"], batch_size=8, shuffle=True, seed=9, augment=augment
            ),
            job_pb2.StreamSpec(name="v", split="valid", batch_size=4),
        ],
        optimizer=job_pb2.OptimizerSpec(
            momentum=0.5, nesterov=True, weight_decay=0.25, decay_norm=True, clip_value=5.0
        ),
        label_smoothing=0.125,
        compute=job_pb2.ComputeSpec(device="cpu", precision="bfloat16", channels_last=True, compile=True, threads=3),
        seed=11,
        checks=[space_pb2.Architecture(choices=[1]), space_pb2.Architecture(choices=[0])],
    )


def test_a_prepare_says_in_python_what_it_says_on_the_wire() -> None:
    shape = words.InputShape(3, 6, 6)
    conv = words.Conv(3, "relu6")
    expected = words.Prepare(
        space=words.Space(
            "tiny",
            shape,
            4,
            (words.Block(conv, 3, 8, 1, 6, 6),),
            (
                words.Slot(
                    "1.1",
                    1,
                    (
                        words.Candidate(
                            "k5e3se", words.Block(words.MbConv(5, 24, 4, "hswish", "hsigmoid"), 8, 8, 1, 6, 6)
                        ),
                        words.Candidate("skip", words.Block(words.Skip(), 8, 8, 1, 6, 6)),
                    ),
                ),
            ),
            words.Head((words.Block(conv, 8, 16, 1, 6, 6),), 32, "relu", 0.25),
        ),
        space_hash="abc",
        data=words.DataSpec(
            words.PythonFactory("m:f", {"root": "x", "n": [1, 2]}), shape, 4, 0.25, 0.125, 2**53, "never"
        ),
        streams=(
            words.StreamSpec("t", "train", ("a", "b"), 8, True, 9, words.Augment(2, True, 3, 0.5)),
            words.StreamSpec("v", "valid", (), 4, False, 0, None),
        ),
        optimizer=words.OptimizerSpec(0.5, True, 0.25, True, 5.0),
        label_smoothing=0.125,
        compute=words.ComputeSpec("cpu", "bfloat16", True, True, 3),
        seed=11,
        checks=((1,), (0,)),
    )
    assert wire.job_from_wire(job_pb2.Job(prepare=prepare())) == expected


def path(*choices: int) -> space_pb2.Architecture:
    return space_pb2.Architecture(choices=choices)


def some(*indices: int) -> space_pb2.Candidates:
    return space_pb2.Candidates(indices=indices)


STEP = job_pb2.TrainStep(
    paths=[job_pb2.WeightedPath(architecture=path(0, 1), weight=0.5)] * 2, learning_rate=0.25, batch=7
)
GATE = job_pb2.GateStep(architecture=path(1), alternatives=[some(0, 2), some()], batch=3)

JOBS: list[tuple[job_pb2.Job, words.Job]] = [
    (
        job_pb2.Job(train=job_pb2.Train(stream="t", scope="last-bn", steps=[STEP])),
        words.Train(
            "t",
            "last-bn",
            (words.TrainStep((words.WeightedPath((0, 1), 0.5), words.WeightedPath((0, 1), 0.5)), 0.25, 7),),
        ),
    ),
    (
        job_pb2.Job(gates=job_pb2.Gates(stream="v", steps=[GATE])),
        words.Gates("v", (words.GateStep((1,), ((0, 2), ()), 3),)),
    ),
    (
        job_pb2.Job(score=job_pb2.Score(stream="v", architectures=[path(0), path(1)], batches=[4, 5])),
        words.Score("v", ((0,), (1,)), (4, 5)),
    ),
    (
        job_pb2.Job(
            evaluate=job_pb2.Evaluate(
                stream="v",
                architectures=[path(2)],
                batches=3,
                recalibrate=job_pb2.Recalibrate(stream="t", batches=2),
            )
        ),
        words.Evaluate("v", ((2,),), 3, "t", 2),
    ),
    (job_pb2.Job(bn_scales=job_pb2.BnScales()), words.BnScales()),
    (job_pb2.Job(restrict=job_pb2.Restrict(alive=[some(0, 1), some(2)])), words.Restrict(((0, 1), (2,)))),
    (
        job_pb2.Job(export=job_pb2.Export(architecture=path(1, 0), folder="exported")),
        words.Export((1, 0), "exported"),
    ),
    (job_pb2.Job(checkpoint=job_pb2.Checkpoint(path="c.pt")), words.Checkpoint("c.pt")),
    (job_pb2.Job(checkpoint=job_pb2.Checkpoint(path="c.pt", kept={})), words.Checkpoint("c.pt", ())),
    (job_pb2.Job(checkpoint=job_pb2.Checkpoint(path="c.pt", kept={"paths": ["b"]})), words.Checkpoint("c.pt", ("b",))),
    (job_pb2.Job(restore=job_pb2.Restore(path="c.pt", sha256="ab")), words.Restore("c.pt", "ab")),
]


@pytest.mark.parametrize(("message", "job"), JOBS, ids=lambda x: type(x).__name__)
def test_each_job_says_in_python_what_it_says_on_the_wire(message: job_pb2.Job, job: words.Job) -> None:
    assert wire.job_from_wire(message) == job


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"fashion_mnist": job_pb2.FashionMnist(root="/d")}, words.FashionMnist("/d")),
        ({"folder": job_pb2.Folder(root="/d")}, words.Folder("/d")),
        ({"synthetic": job_pb2.Synthetic(per_class=7, noise=0.5)}, words.Synthetic(7, 0.5)),
        ({"python": job_pb2.PythonFactory(factory="m:f")}, words.PythonFactory("m:f", {})),
    ],
)
def test_each_source_of_data_is_understood(source: dict[str, object], expected: words.DataSource) -> None:
    message = data()
    message.MergeFrom(job_pb2.DataSpec(**source))  # type: ignore[arg-type]
    message.python.options_json = "" if "python" in source else message.python.options_json
    if "python" not in source:
        message.ClearField("python")
        message.MergeFrom(job_pb2.DataSpec(**source))  # type: ignore[arg-type]
    job = wire.job_from_wire(job_pb2.Job(inspect=job_pb2.Inspect(data=message)))
    assert isinstance(job, words.Inspect)
    assert job.data.source == expected


def changed(**fields: object) -> job_pb2.Job:
    message = prepare()
    for name, value in fields.items():
        target: object = message
        *folders, last = name.split("__")
        for folder in folders:
            target = target[int(folder)] if folder.isdigit() else getattr(target, folder)  # type: ignore[index]
        setattr(target, last, value)
    return job_pb2.Job(prepare=message)


ABSURD: dict[str, job_pb2.Job] = {
    "nothing": job_pb2.Job(),
    "an empty prepare": job_pb2.Job(prepare=job_pb2.Prepare()),
    "no data": job_pb2.Job(inspect=job_pb2.Inspect()),
    "no steps": job_pb2.Job(train=job_pb2.Train(stream="t", scope="all")),
    "a step without a path": job_pb2.Job(train=job_pb2.Train(stream="t", scope="all", steps=[job_pb2.TrainStep()])),
    "a scope nobody knows": job_pb2.Job(train=job_pb2.Train(stream="t", scope="some", steps=[STEP])),
    "batches without an end": job_pb2.Job(evaluate=job_pb2.Evaluate(stream="v", batches=2**32 - 1)),
    "a NaN": changed(label_smoothing=float("nan")),
    "an infinite fraction": changed(data__valid_fraction=float("inf")),
    "a negative fraction": changed(data__test_fraction=-0.5),
    "a huge class count": changed(space__classes=2**32 - 1, data__classes=2**32 - 1),
    "a huge width": changed(space__stem__0__out_channels=2**32 - 1),
    "an even kernel": changed(space__stem__0__conv__kernel=4),
    "a stride of 0": changed(space__stem__0__stride=0),
    "widths that do not meet": changed(space__stem__0__out_channels=9),
    "a strided skip": changed(space__slots__0__candidates__1__block__stride=2),
    "an activation nobody knows": changed(space__head__hidden_activation="gelu"),
    "input shapes that differ": changed(data__input__height=7),
    "class counts that differ": changed(data__classes=5),
    "a batch of 0": changed(streams__0__batch_size=0),
    "a split nobody knows": changed(streams__0__split="all"),
    "two streams of a name": changed(streams__0__name="v"),
    "a stream without a name": changed(streams__0__name=""),
    "a crop of nothing": changed(streams__0__augment__min_area=0.0),
    "a device nobody knows": changed(compute__device="tpu"),
    "a precision nobody knows": changed(compute__precision="int8"),
    "options that are no JSON": changed(data__python__options_json="{"),
    "options that are no object": changed(data__python__options_json="[1]"),
    "options without an end": changed(data__python__options_json="[" * 100_000),
    "a check that does not fit": job_pb2.Job(
        prepare=job_pb2.Prepare.FromString(
            prepare().SerializeToString() + job_pb2.Prepare(checks=[path(2)]).SerializeToString()
        )
    ),
}


@pytest.mark.parametrize("what", ABSURD)
def test_what_makes_no_sense_is_an_invalid_job(what: str) -> None:
    with pytest.raises(words.JobFailed) as failed:
        wire.job_from_wire(ABSURD[what])
    assert failed.value.code == "invalid-job"
    assert failed.value.message


def test_whatever_bytes_come_they_are_words_or_an_invalid_job() -> None:
    what = "messages with damaged bytes"
    draw = fuzz.draw_for(what)
    outcomes = {"words": 0, "invalid-job": 0, "no message": 0}
    for _ in range(fuzz.cases(3000, what)):
        content = bytearray(draw.choice([job_pb2.Job(prepare=prepare()), *(m for m, _ in JOBS)]).SerializeToString())
        if draw.random() < 0.5 or not content:
            at = draw.randint(0, len(content))
            content[at:at] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 8)))
        else:
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            message = job_pb2.Job.FromString(bytes(content))
        except DecodeError:
            outcomes["no message"] += 1
        else:
            outcomes[outcome(message)] += 1
    assert min(outcomes.values()) > 30, f"the fuzzing must reach every outcome: {outcomes}"


def test_whatever_fields_say_they_are_words_or_an_invalid_job() -> None:
    what = "messages with absurd fields"
    draw = fuzz.draw_for(what)
    outcomes = {"words": 0, "invalid-job": 0}
    for _ in range(fuzz.cases(3000, what)):
        message = job_pb2.Job(prepare=prepare())
        for _ in range(draw.randint(1, 2)):
            fuzz.disturb(message, draw)
        outcomes[outcome(message)] += 1
    assert min(outcomes.values()) > 300, f"the fuzzing must reach every outcome: {outcomes}"


def outcome(message: job_pb2.Job) -> str:
    try:
        wire.job_from_wire(message)
        return "words"
    except words.JobFailed as failed:
        assert failed.code == "invalid-job"
        assert failed.message
        return failed.code


# ---- signals out ----------------------------------------------------------------------------------------------------


def test_a_class_that_the_stream_did_not_show_is_minus_one_on_the_wire() -> None:
    evaluation = words.Evaluation(1.5, 0.5, (0.5, None, 0.0), 8)
    message = wire.signal_to_wire(words.Evaluated((evaluation,)))
    assert list(message.evaluate.results[0].per_class) == [0.5, -1.0, 0.0]
    assert message.evaluate.results[0].samples == 8


def test_each_signal_says_on_the_wire_what_it_says_in_python() -> None:
    info = words.DataInfo(
        ("a", "b"), words.InputShape(3, 4, 5), (words.SplitInfo("train", (2, 3), "h"),), "fingerprint"
    )
    inspected = wire.signal_to_wire(words.Inspected(info)).inspect
    assert list(inspected.classes) == ["a", "b"]
    assert (inspected.input.channels, inspected.input.height, inspected.input.width) == (3, 4, 5)
    assert [(s.split, list(s.counts), s.hash) for s in inspected.splits] == [("train", [2, 3], "h")]
    assert inspected.fingerprint == "fingerprint"

    prepared = wire.signal_to_wire(words.Prepared("cpu", (2**40,), (7,))).prepare
    assert (prepared.device, list(prepared.macs), list(prepared.params)) == ("cpu", [2**40], [7])

    trained = wire.signal_to_wire(words.Trained((1.5, 0.25), (0.5, 0.75), 16)).train
    assert (list(trained.losses), list(trained.accuracies), trained.samples) == ([1.5, 0.25], [0.5, 0.75], 16)

    gates = wire.signal_to_wire(words.GatesRead((words.GateSignal(1.0, 0.5, ((0.5, -0.5), ())),))).gates
    assert (gates.steps[0].loss, gates.steps[0].accuracy) == (1.0, 0.5)
    assert [list(row.values) for row in gates.steps[0].gradients] == [[0.5, -0.5], []]

    scored = wire.signal_to_wire(words.Scored(((-1.0, -2.0), (-3.0, -4.0)), (8, 8))).score
    assert [list(row.values) for row in scored.log_likelihoods] == [[-1.0, -2.0], [-3.0, -4.0]]
    assert list(scored.samples) == [8, 8]

    scales = wire.signal_to_wire(words.BnScalesRead(((0.5,), (0.0, 1.0)))).bn_scales
    assert [list(row.values) for row in scales.scales] == [[0.5], [0.0, 1.0]]

    restricted = wire.signal_to_wire(words.Restricted(4_000, 1_000)).restrict
    assert (restricted.bytes_freed, restricted.parameters_left) == (4_000, 1_000)

    exported = wire.signal_to_wire(words.Exported((words.ExportedFile("m", 3, "s"),))).export
    assert [(f.path, f.bytes, f.sha256) for f in exported.files] == [("m", 3, "s")]

    checkpointed = wire.signal_to_wire(words.Checkpointed("p", 3, "s")).checkpoint
    assert (checkpointed.path, checkpointed.bytes, checkpointed.sha256) == ("p", 3, "s")
    assert wire.signal_to_wire(words.Restored()).WhichOneof("kind") == "restore"
