"""Disturbs a message where it may hurt. The long form of the suites asks for more cases, and may bring another seed."""

from __future__ import annotations

import json
import math
import os
import random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

NUMBERS = {
    FieldDescriptor.CPPTYPE_UINT32: [0, 1, 2, 3, 7, 255, 65_537, 2**31, 2**32 - 1],
    FieldDescriptor.CPPTYPE_UINT64: [0, 1, 7, 2**32, 2**63, 2**64 - 1],
    FieldDescriptor.CPPTYPE_DOUBLE: [0.0, -0.0, -1.0, 0.5, 1.0, 1e-300, 1e300, math.inf, -math.inf, math.nan],
    FieldDescriptor.CPPTYPE_BOOL: [False, True],
    FieldDescriptor.CPPTYPE_ENUM: [0, 1, 2, 3, 4, 7, -1, 2**31 - 1],
    FieldDescriptor.CPPTYPE_STRING: ["", "x", "train", "../..", "/", "\0", "😀" * 100, "[" * 5000, "{}"],
}


SEED = os.environ.get("DANAS_TORTURE_SEED", "1")


def cases(usual: int, what: str, share: float = 1.0) -> int:
    """
    How many messages are tried: some hundred in `npm test`, DANAS_FUZZ_MESSAGES in the long form (counted), or a share
    of those where each takes long.
    """
    asked = os.environ.get("DANAS_FUZZ_MESSAGES")
    number = usual if asked is None else int(share * int(asked))
    if counts := os.environ.get("DANAS_TORTURE_COUNTS"):
        with open(counts, "a") as file:
            file.write(json.dumps({"what": what, "times": number}) + "\n")
    return number


def draw_for(what: str) -> random.Random:
    return random.Random(f"{SEED} {what}")


def disturb(message: Message, draw: random.Random) -> None:
    """Changes one field somewhere inside: another value, one more or fewer of a list, or nothing in place of one."""
    fields = list(_fields(message))
    if not fields:
        return
    target, field = draw.choice(fields)
    values: Any = getattr(target, field.name)
    if field.is_repeated:
        what = draw.randrange(3)
        if what == 0 or not values:
            if field.message_type:
                values.add()
            else:
                values.append(draw.choice(NUMBERS[field.cpp_type]))
        elif what == 1:
            del values[draw.randrange(len(values))]
        elif field.message_type:
            values.append(draw.choice(values))
        else:
            values[draw.randrange(len(values))] = draw.choice(NUMBERS[field.cpp_type])
    elif field.message_type:
        target.ClearField(field.name) if draw.random() < 0.3 else values.SetInParent()
    else:
        setattr(target, field.name, draw.choice(NUMBERS[field.cpp_type]))


def _fields(message: Any) -> Any:
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof and not message.HasField(field.name):
            continue
        yield message, field
        if field.message_type:
            inner = getattr(message, field.name)
            for one in inner if field.is_repeated else [inner]:
                yield from _fields(one)
