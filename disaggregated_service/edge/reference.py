"""The reference of the object for people, made from the types: every field with type, default, bounds and
meaning.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from disaggregated_service.core import duration
from disaggregated_service.core.fault import child
from disaggregated_service.core.schema import Bounds
from disaggregated_service.core.service import ServiceSpec
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
from disaggregated_service.edge.manifest import API_VERSION, KIND, NAME_LENGTH_MAX
from disaggregated_service.edge.open_api import plain

_HEAD = f"""# {KIND}

`apiVersion: {API_VERSION}`, short name `dsvc`. The same YAML works in a file and in a cluster.
This page is generated from the types by `python -m disaggregated_service.edge.generate`; do not edit it.

`metadata.name` has at most {NAME_LENGTH_MAX} lower-case letters, digits and dashes. Two annotations override a service
until a time: `heteroscale.dev/hold-until: "2026-11-21T18:00:00Z"` holds everything, raises included;
`heteroscale.dev/pair: "8P24D until 2026-11-21T18:00:00Z"` asks for exactly that pair, within the bounds.

Durations are written `40ms`, `60s`, `5m` or `1h30m`. Unknown keys are faults.
"""


def reference() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *sections(record_of(ServiceSpec))])


def sections(record: Record) -> Iterator[str]:
    """The tables of a spec and of all that lies below it."""
    return _sections(record, "spec", {})


def _sections(record: Record, path: str, seen: dict[type[Any], str]) -> Iterator[str]:
    """One table a type; where a type comes again, a pointer to the first."""
    first = seen.setdefault(record.kind, path)
    if first != path:
        yield f"## `{path}`\n\nAs `{first}`.\n"
        return
    yield _table(record.fields, path, _words(record.kind))
    for field in record.fields:
        where = child(path, field.key)
        match field.shape:
            case Record() as inner:
                yield from _sections(inner, where, seen)
            case Table(Record() as inner):
                yield from _sections(inner, f"{where}.NAME", seen)
            case Many(Record() as inner):
                yield from _sections(inner, f"{where}[]", seen)
            case OneOf(key, members):
                for name, inner in members.items():
                    yield from _sections(inner, f"{where}` with `{key}: {name}", seen)
            case _:
                pass


def _table(fields: tuple[Field, ...], path: str, words: str) -> str:
    rows = [
        f"| `{field.key}` | {_type(field.shape)} | {_default(field)} | {_bounds(field.shape)} | {_meaning(field)} |"
        for field in fields
    ]
    head = "| field | type | default | bounds | meaning |\n| --- | --- | --- | --- | --- |"
    return f"## `{path}`\n\n{words}\n\n{head}\n" + "\n".join(rows) + "\n"


def _words(kind: type[object]) -> str:
    return inspect.cleandoc(kind.__doc__ or "")


def _meaning(field: Field) -> str:
    return f"*Not yet: {field.not_yet}.* {field.doc}" if field.not_yet else field.doc


def _type(shape: Shape) -> str:
    match shape:
        case Text():
            return "text"
        case Choice(names):
            return " or ".join(f"`{name}`" for name in names)
        case Number(_, whole):
            return "integer" if whole else "number"
        case Span():
            return "duration"
        case Flag():
            return "`true` or `false`"
        case Many(of):
            return "list" if isinstance(of, Record) else f"list of {_type(of)}"
        case Table(value):
            return "mapping by name" if isinstance(value, Record) else "mapping of text"
        case Record():
            return "object"
        case OneOf(key, members):
            return f"object; `{key}` is {' or '.join(f'`{name}`' for name in members)}, by default the first"


def _default(field: Field) -> str:
    if field.default is Required.REQUIRED:
        return "required"
    if field.default is None:
        return "-"
    if isinstance(field.shape, Record):
        return "as below"
    value = plain(field.default, field.shape)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(str(one) for one in value)}]`"
    return '`""`' if value == "" else f"`{value}`"


def _bounds(shape: Shape) -> str:
    match shape:
        case Number(bounds):
            return _range(bounds)
        case Span(allowed):
            return f"{duration.written(allowed.min_s)} .. {duration.written(allowed.max_s)}"
        case Text(pattern):
            return f"like `{pattern.example}`".replace("|", "\\|") if pattern else ""
        case Many(of, items_max):
            inner = "" if isinstance(of, Record | Choice) else _bounds(of)
            return f"at most {items_max}" + (f", each {inner}" if inner else "")
        case Table(_, items_max):
            return f"at most {items_max}"
        case _:
            return ""


def _range(bounds: Bounds) -> str:
    low = f"> {bounds.above:g}" if bounds.above is not None else ""
    if bounds.minimum is not None:
        low = f">= {bounds.minimum:,.10g}"
    high = f"<= {bounds.maximum:,.10g}" if bounds.maximum is not None else ""
    return ", ".join(part for part in (low, high) if part)
