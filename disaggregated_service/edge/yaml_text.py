"""YAML text to plain data, remembering on which line each key is written, for fault messages.

It composes nodes and converts them itself: a loader that builds data at once forgets lines, keeps the last
of two equal keys, and reads 19:00 as 1140. Everything is bounded, since the text may come from anywhere.
This file must never know what the data mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from disaggregated_service.core.fault import Fault, child, item

TEXT_BYTES_MAX = 1 << 20
DEPTH_MAX = 32
WHOLE_MAX = 2**63  # beyond it the API server knows no whole number, and a float may hold none
NODES_MAX = 100_000  # of one document, aliases expanded: ten lines of aliases to aliases are a billion nodes
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where libyaml is there

_LAST_STEP = re.compile(r'(\.[A-Za-z0-9_-]+|\[[0-9]+\]|\["[^"]*"\]|^[A-Za-z0-9_-]+)$')
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """One document as mappings with text keys, lists and plain values. `lines` holds the line of each path.

    prefix: where the data lie in what was written, for an item of a List.
    """

    data: object
    lines: dict[str, int]
    line: int
    faults: tuple[Fault, ...] = ()
    prefix: str = ""

    def line_of(self, path: str) -> int:
        """The line (1-based) on which the path, or the nearest of its parents that exists, is written."""
        path = f"{self.prefix}.{path}" if self.prefix else path
        while path and path not in self.lines:
            path = _LAST_STEP.sub("", path) if _LAST_STEP.search(path) else ""
        return self.lines.get(path, self.line)


@dataclass(frozen=True, slots=True)
class TextRead:
    """The documents before the first place where the text is no YAML, and the fault of that place."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...] = ()


def read_text(text: str, source: str, *, bytes_max: int = TEXT_BYTES_MAX) -> TextRead:
    """Reads a stream of YAML documents; never raises for its content."""
    if len(text.encode(errors="replace")) > bytes_max:
        wrong = f"is above {bytes_max >> 20} MiB"
        return TextRead((), (_unreadable(source, 0, wrong, "split it into several files"),))
    documents: list[Document] = []
    try:
        for event_depth, line in _depths(text):
            if event_depth > DEPTH_MAX:
                right = "flatten it; no field of a service lies that deep"
                return TextRead((), (_unreadable(source, line, f"nests deeper than {DEPTH_MAX} levels", right),))
        for node in yaml.compose_all(text, Loader=_LOADER):
            documents.append(_document(node, source))  # noqa: PERF401 - those before a fault are kept
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        wrong = f"is no YAML: {' '.join(part for part in (error.context, error.problem) if part)}"
        right = "mend the syntax; indentation, quotes and colons are the usual causes"
        return TextRead(tuple(documents), (_unreadable(source, _line(mark), wrong, right),))
    except yaml.YAMLError as error:
        wrong = f"is no YAML: {str(error).splitlines()[0]}"
        return TextRead(tuple(documents), (_unreadable(source, 0, wrong, "write plain UTF-8 text"),))
    return TextRead(tuple(documents))


def _unreadable(source: str, line: int, wrong: str, right: str) -> Fault:
    return Fault(path="document", wrong=wrong, right=right, source=source, line=line)


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Depth and line after each opening; events come without recursion, so that depth is safe to look at."""
    depth = 0
    for event in _events(text):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            yield depth, _line(event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _events(text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.YAMLError:
        return  # composing comes to the same place, and keeps the documents before it


def _line(mark: Any) -> int:
    return mark.line + 1 if mark is not None else 0


def _document(node: yaml.Node, source: str) -> Document:
    reading = _Reading()
    try:
        data = _plain(node, "", 0, reading)
    except _TooLarge as large:
        reading.faults.append(
            Fault(path="document", wrong=str(large), right="write values out, without aliases to aliases")
        )
        data = None
    line = _line(node.start_mark)
    document = Document(data, reading.lines, line)
    faults = (
        replace(fault, source=source, line=fault.line or document.line_of(fault.path)) for fault in reading.faults
    )
    return replace(document, faults=tuple(faults))


class _TooLarge(Exception):  # noqa: N818 - says what the document is
    """The document expands beyond the bounds."""


@dataclass(slots=True)
class _Reading:
    """What is gathered while one document is walked."""

    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    nodes: int = 0


def _plain(node: yaml.Node, path: str, depth: int, reading: _Reading) -> object:
    reading.nodes += 1
    if reading.nodes > NODES_MAX or depth > DEPTH_MAX:  # depth: an alias may stand inside its own anchor
        raise _TooLarge("expands to more than 100,000 values or 32 levels")
    if isinstance(node, yaml.CollectionNode) and node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
        wrong = f"has the tag {node.tag}"
        reading.faults.append(Fault(path=path or "document", wrong=wrong, right="write a plain mapping or list"))
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, depth, reading)
    if isinstance(node, yaml.SequenceNode):
        values = []
        for index, one in enumerate(node.value):
            where = item(path, index)
            reading.lines[where] = _line(one.start_mark)
            values.append(_plain(one, where, depth + 1, reading))
        return values
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, path, reading)
    return None  # there is no fourth kind


def _mapping(node: yaml.MappingNode, path: str, depth: int, reading: _Reading) -> dict[str, object]:
    found: dict[str, object] = {}
    merged: list[yaml.Node] = []
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            reading.faults.append(Fault(path=path, wrong="has a key that is no text", right="write plain keys"))
            continue
        if key_node.tag == f"{_TAG}merge":
            merged.append(value_node)
            continue
        where = child(path, key_node.value)
        if key_node.value in found:
            wrong = f"is written twice (first on line {reading.lines[where]})"
            reading.faults.append(
                Fault(path=where, wrong=wrong, right="remove one of them", line=_line(key_node.start_mark))
            )
            continue
        reading.lines[where] = _line(key_node.start_mark)
        found[key_node.value] = _plain(value_node, where, depth + 1, reading)
    for value_node in merged:
        _merge(value_node, found, path, depth, reading)
    return found


def _merge(node: yaml.Node, found: dict[str, object], path: str, depth: int, reading: _Reading) -> None:
    """`<<: *base` adds the keys that are not there yet; a list of them is asked in its order."""
    there = _Reading(nodes=reading.nodes)
    value = _plain(node, path, depth + 1, there)
    reading.nodes = there.nodes
    for where, line in there.lines.items():  # what is written here keeps its own line
        reading.lines.setdefault(where, line)
    bases = value if isinstance(value, list) else [value]
    for base in bases:
        if not isinstance(base, dict):
            reading.faults.append(Fault(path=path, wrong="merges (<<) what is no mapping", right="merge a mapping"))
            continue
        for key, one in base.items():
            found.setdefault(key, one)


def _scalar(node: yaml.ScalarNode, path: str, reading: _Reading) -> object:
    """As the API server reads it: no minutes in base 60 and no dates, which YAML 1.1 would make of 19:00."""
    text, kind = str(node.value), node.tag.removeprefix(_TAG)
    constructor = yaml.constructor.SafeConstructor()
    try:
        match kind:
            case "str" | "timestamp" | "value":
                return text
            case "null":
                return None
            case "bool":
                return bool(constructor.construct_yaml_bool(node))
            case "int":
                return text if ":" in text else _whole(constructor.construct_yaml_int(node))
            case "float":
                return text if ":" in text else float(constructor.construct_yaml_float(node))
            case _:
                wrong, right = f"has the tag {node.tag}", "write a plain value"
    except (ValueError, LookupError):  # a tag may stand before an empty text: `!!int ""`
        wrong, right = f"is no {kind}", "write a plain value, a text in quotes"
    reading.faults.append(Fault(path=path or "document", wrong=wrong, right=right))
    return None


def _whole(number: int) -> int:
    if abs(number) >= WHOLE_MAX:
        raise ValueError("beyond 64 bits")
    return number
