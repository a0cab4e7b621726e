"""What a spec looks like from outside: the types and their marks, turned into a small closed set of shapes.

The reader, the CRD and the reference walk these shapes, so that none of them can disagree with the types.
This file must never know any particular field.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, TypeVar

from disaggregated_service.core.schema import (
    Bounds,
    Doc,
    Duration,
    Key,
    MaxItems,
    NotYet,
    Pattern,
    Tagged,
)

M = TypeVar("M")

ITEMS_MAX = 64  # where a type does not say: nothing in a spec is unbounded


class Required(Enum):
    """The default of a field that has none."""

    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Text:
    """A string, of a pattern where one is given."""

    pattern: Pattern | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings; `enum` makes the member, None leaves the string."""

    names: tuple[str, ...]
    enum: type[StrEnum] | None


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number; `whole` takes integers only."""

    bounds: Bounds
    whole: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds, written as a duration."""

    duration: Duration


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Many:
    """A list of one shape."""

    of: Shape
    items_max: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping from free keys to values of one shape."""

    value: Shape
    items_max: int


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass: a mapping with known keys."""

    kind: type[Any]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """Records told apart by the string under `key`; without it, the first."""

    key: str
    members: Mapping[str, Record]


Shape = Text | Choice | Number | Span | Flag | Many | Table | Record | OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One attribute of a dataclass, as it is written in YAML. An optional one may be left out, which means
    None.
    """

    attribute: str
    key: str
    shape: Shape
    default: object
    doc: str
    not_yet: str


_RECORDS: dict[type[Any], Record] = {}  # the types do not change while the program runs


def record_of(kind: type[Any]) -> Record:
    """The shape of a spec's dataclass. Raises TypeError for an annotation this vocabulary has no word for."""
    known = _RECORDS.get(kind)
    if known is None:
        known = _RECORDS[kind] = _record_of(kind)
    return known


def _record_of(kind: type[Any]) -> Record:
    hints = typing.get_type_hints(kind, include_extras=True)
    return Record(kind, tuple(_field(attribute, hints[attribute.name]) for attribute in dataclasses.fields(kind)))


def _field(attribute: dataclasses.Field[Any], hint: object) -> Field:
    marks: tuple[object, ...] = ()
    if typing.get_origin(hint) is Annotated:
        hint, *rest = typing.get_args(hint)
        marks = tuple(rest)
    key, doc, not_yet = _mark(marks, Key), _mark(marks, Doc), _mark(marks, NotYet)
    return Field(
        attribute=attribute.name,
        key=key.name if key else _camel(attribute.name),
        shape=_shape(hint, marks),
        default=_default(attribute),
        doc=doc.text if doc else "",
        not_yet=not_yet.what if not_yet else "",
    )


def _shape(hint: object, marks: tuple[object, ...]) -> Shape:
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        members = [member for member in typing.get_args(hint) if member is not types.NoneType]
        if len(members) > 1:
            return _one_of(members, marks)
        hint = members[0]
    origin = typing.get_origin(hint)
    if origin is None:
        return _plain(hint, marks)
    if origin is Literal:
        return Choice(tuple(str(name) for name in typing.get_args(hint)), None)
    if origin is tuple:
        return Many(_shape(typing.get_args(hint)[0], marks), _items_max(marks))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Table(_shape(typing.get_args(hint)[1], marks), _items_max(marks))
    raise TypeError(f"no shape for {hint!r}")


def _plain(hint: object, marks: tuple[object, ...]) -> Shape:
    duration = _mark(marks, Duration)
    if hint is float and duration:
        return Span(duration)
    if hint is float or hint is int:
        return Number(_mark(marks, Bounds) or Bounds(), hint is int)
    if hint is bool:
        return Flag()
    if hint is str:
        return Text(_mark(marks, Pattern))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Choice(tuple(member.value for member in hint), hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return record_of(hint)
    raise TypeError(f"no shape for {hint!r}")


def _one_of(members: list[Any], marks: tuple[object, ...]) -> OneOf:
    tagged = _mark(marks, Tagged)
    if tagged is None:
        raise TypeError(f"a union needs the mark Tagged: {members!r}")
    records = (record_of(member) for member in members)
    return OneOf(tagged.key, dict(zip(tagged.names, records, strict=True)))


def _items_max(marks: tuple[object, ...]) -> int:
    most = _mark(marks, MaxItems)
    return most.count if most else ITEMS_MAX


def _default(attribute: dataclasses.Field[Any]) -> object:
    if attribute.default_factory is not dataclasses.MISSING:
        return attribute.default_factory()
    return Required.REQUIRED if attribute.default is dataclasses.MISSING else attribute.default


def _mark(marks: tuple[object, ...], kind: type[M]) -> M | None:
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
