"""A message as plain JSON data, the same tree as in TypeScript: modules are built from it, exports write it down."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message


def plain(message: Message) -> Any:
    """
    camelCase keys in the order of the proto, all of them (None where a message or an optional field is absent); enums
    by name; a oneof as one key that holds `{"kind": kebab-case-name, **fields}`; a message of a single repeated `list`
    as that list.
    """
    fields = message.DESCRIPTOR.fields
    if [field.name for field in fields] == ["list"]:
        return _value(message, fields[0])
    told: dict[str, Any] = {}
    for field in fields:
        oneof = field.containing_oneof
        # an `optional` field is a oneof of its own, whose name protoc begins with an underscore
        if oneof is None or oneof.name.startswith("_"):
            absent = field.has_presence and not message.HasField(field.name)
            told[_camel(field.name)] = None if absent else _value(message, field)
        elif message.HasField(field.name):
            told[_camel(oneof.name)] = {"kind": field.name.replace("_", "-"), **plain(getattr(message, field.name))}
        else:
            told.setdefault(_camel(oneof.name), None)
    return told


def _value(message: Message, field: Any) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [_one(one, field) for one in value]
    return _one(value, field)


def _one(value: Any, field: Any) -> Any:
    if field.message_type is not None:
        return plain(value)
    return value if field.enum_type is None else field.enum_type.values_by_number[value].name


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
