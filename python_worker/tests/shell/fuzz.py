"""Disturbs a message where it may hurt."""

from __future__ import annotations

import math
import random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

NUMBERS = {
    FieldDescriptor.CPPTYPE_UINT32: [0, 1, 2, 3, 7, 255, 65_537, 2**32 - 1],
    FieldDescriptor.CPPTYPE_UINT64: [0, 1, 7, 2**32, 2**63, 2**64 - 1],
    FieldDescriptor.CPPTYPE_DOUBLE: [0.0, -0.0, -1.0, 0.5, 1.0, 1e-300, 1e300, math.inf, -math.inf, math.nan],
    FieldDescriptor.CPPTYPE_BOOL: [False, True],
    FieldDescriptor.CPPTYPE_STRING: ["", "x", "train", "../..", "/", "\0", "😀" * 100, "[" * 5000, "{}"],
}


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
