"""A message as plain JSON data: the same tree as TypeScript has, and as exported networks were always described."""

from __future__ import annotations

import json

import commands
import pytest

from danas_worker.protocol import messages as pb
from danas_worker.protocol.plain import plain


def test_a_space_is_the_tree_that_model_json_holds() -> None:
    conv = {"kind": "conv", "kernel": 3, "activation": "relu6"}
    sizes = {"stride": 1, "height": 6, "width": 6}
    mbconv = {
        "kind": "mbconv", "kernel": 5, "hidden": 24, "squeeze": 4, "activation": "hswish", "gate": "hsigmoid"
    }  # fmt: skip
    space = {
        "name": "tiny",
        "input": {"channels": 3, "height": 6, "width": 6},
        "classes": 4,
        "stem": [{"op": conv, "inChannels": 3, "outChannels": 8, **sizes}],
        "slots": [
            {
                "name": "1.1",
                "stage": 1,
                "candidates": [
                    {"name": "k5e3se", "block": {"op": mbconv, "inChannels": 8, "outChannels": 8, **sizes}},
                    {"name": "skip", "block": {"op": {"kind": "skip"}, "inChannels": 8, "outChannels": 8, **sizes}},
                ],
            }
        ],
        "head": {
            "blocks": [{"op": conv, "inChannels": 8, "outChannels": 16, **sizes}],
            "hidden": 32,
            "hiddenActivation": "relu",
            "dropout": 0.25,
        },
    }
    # as text: the order of the keys counts too
    assert json.dumps(plain(commands.space())) == json.dumps(space)


def test_everything_is_there_absent_or_not() -> None:
    job = commands.without(commands.without(commands.prepare(), "optimizer.clip_value"), "streams.0.augment").prepare
    told = plain(job)
    assert told["optimizer"] == {
        "momentum": 0.5, "nesterov": True, "weightDecay": 0.25, "decayNorm": True, "clipValue": None
    }  # fmt: skip
    assert told["streams"][0]["augment"] is None
    assert told["streams"][1] == {
        "name": "v", "split": "valid", "classes": [], "batchSize": 4, "shuffle": False, "seed": 0, "augment": None
    }  # fmt: skip
    assert told["task"] == {"kind": "classification", "labelSmoothing": 0.125}
    assert told["checks"] == [[1], [0]]
    assert plain(pb.Command())["job"] is None


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"fashion_mnist": pb.FashionMnist(root="/d")}, {"kind": "fashion-mnist", "root": "/d"}),
        ({"synthetic": pb.Synthetic(per_class=7)}, {"kind": "synthetic", "perClass": 7, "noise": 0.0}),
    ],
)
def test_a_oneof_is_one_key_that_names_its_kind(source: dict[str, object], told: object) -> None:
    assert plain(pb.DataSpec(**source))["source"] == told  # type: ignore[arg-type]
