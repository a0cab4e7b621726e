"""Plain data (mappings, lists, single values) to the frozen types of the spec, with every fault found on
the way.

It follows the shapes and stops nowhere: a fault in one field does not hide the next one. This file must
never know any particular field, nor where the data came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from disaggregated_service.core.fault import Fault, child, item
from disaggregated_service.core.scalar import Unusable, meant, scalar, shown
from disaggregated_service.core.shape import (
    Choice,
    Field,
    Flag,
    Many,
    Number,
    OneOf,
    Record,
    Required,
    Shape,
    Span,
    Table,
    Text,
    record_of,
)

T = TypeVar("T")

NOTHING = Unusable("", "")  # already reported


@dataclass(frozen=True, slots=True)
class Decoded(Generic[T]):
    """All faults, and the value where every required field could be read.

    With faults, `value` has defaults in place of what could not be read: good for finding further faults, for
    nothing else.
    """

    value: T | None
    faults: tuple[Fault, ...]


def decode(kind: type[T], data: object, path: str) -> Decoded[T]:
    """Reads `data`, found at `path`, as the spec type `kind`."""
    faults: list[Fault] = []
    value = _record(record_of(kind), data, path, faults)
    return Decoded(value if isinstance(value, kind) else None, tuple(faults))


def _value(shape: Shape, data: object, path: str, faults: list[Fault]) -> object | Unusable:
    match shape:
        case Text() | Choice() | Number() | Span() | Flag():
            value = scalar(shape, data)
            if isinstance(value, Unusable):
                faults.append(Fault(path=path, wrong=value.wrong, right=value.right))
            return value
        case Many():
            return _many(shape, data, path, faults)
        case Table():
            return _table(shape, data, path, faults)
        case Record():
            return _record(shape, data, path, faults)
        case OneOf():
            return _one_of(shape, data, path, faults)


def _many(shape: Many, data: object, path: str, faults: list[Fault]) -> object | Unusable:
    if not isinstance(data, list):
        faults.append(
            Fault(path=path, wrong=f"is {shown(data)}, not a list", right="write a list: [...], or lines with -")
        )
        return NOTHING
    if len(data) > shape.items_max:
        faults.append(Fault(path=path, wrong=f"has {len(data)} items", right=f"write at most {shape.items_max}"))
        return NOTHING
    values = [_value(shape.of, one, item(path, index), faults) for index, one in enumerate(data)]
    return tuple(value for value in values if not isinstance(value, Unusable))


def _table(shape: Table, data: object, path: str, faults: list[Fault]) -> object | Unusable:
    if not isinstance(data, dict):
        right = "write a mapping: {key: text}" if isinstance(shape.value, Text) else "write a mapping: {name: {...}}"
        faults.append(Fault(path=path, wrong=f"is {shown(data)}, not a mapping", right=right))
        return NOTHING
    if len(data) > shape.items_max:
        faults.append(Fault(path=path, wrong=f"has {len(data)} entries", right=f"write at most {shape.items_max}"))
        return NOTHING
    values = {str(key): _value(shape.value, one, child(path, str(key)), faults) for key, one in data.items()}
    return {key: value for key, value in values.items() if not isinstance(value, Unusable)}


def _one_of(shape: OneOf, data: object, path: str, faults: list[Fault]) -> object | Unusable:
    names = tuple(shape.members)
    if not isinstance(data, dict):
        right = f"write a mapping with {shape.key}: {' or '.join(names)}"
        faults.append(Fault(path=path, wrong=f"is {shown(data)}, not a mapping", right=right))
        return NOTHING
    tag = scalar(Choice(names, None), data.get(shape.key, names[0]))
    if isinstance(tag, Unusable):
        faults.append(Fault(path=child(path, shape.key), wrong=tag.wrong, right=tag.right))
        return NOTHING
    rest = {key: value for key, value in data.items() if key != shape.key}
    return _record(shape.members[str(tag)], rest, path, faults, known_besides=(shape.key,))


def _record(
    shape: Record, data: object, path: str, faults: list[Fault], *, known_besides: tuple[str, ...] = ()
) -> object | Unusable:
    keys = (*known_besides, *(field.key for field in shape.fields))
    if not isinstance(data, dict):
        right = f"write a mapping with: {', '.join(keys)}"
        faults.append(Fault(path=path, wrong=f"is {shown(data)}, not a mapping", right=right))
        return NOTHING
    faults.extend(_unknown(data, keys, path))
    values = {field.attribute: _field(field, data, path, faults) for field in shape.fields}
    if any(isinstance(value, Unusable) for value in values.values()):
        return NOTHING
    made: object = shape.kind(**values)
    return made


def _field(field: Field, data: Mapping[str, object], path: str, faults: list[Fault]) -> object | Unusable:
    where = child(path, field.key)
    given = data.get(field.key)
    if given is None:  # left out, or `key:` with nothing behind it, which the API server drops as well
        if field.default is Required.REQUIRED:
            faults.append(Fault(path=where, wrong="is missing", right=f"write it: {field.doc}"))
            return NOTHING
        return field.default
    value = _value(field.shape, given, where, faults)
    if isinstance(value, Unusable):
        return NOTHING if field.default is Required.REQUIRED else field.default
    if field.not_yet and value != field.default:
        faults.append(Fault(path=where, wrong=f"not yet: {field.not_yet}", right="leave it out"))
        return field.default
    return value


def _unknown(data: Mapping[str, object], keys: tuple[str, ...], path: str) -> list[Fault]:
    found = []
    for key in data:
        if key in keys:
            continue
        near = meant(str(key), keys)
        right = f'did you mean "{near}"?' if near else f"known here: {', '.join(keys)}"
        found.append(Fault(path=child(path, str(key)), wrong="is not a known key", right=right))
    return found
