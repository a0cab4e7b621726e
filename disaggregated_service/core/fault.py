"""A fault of a spec: where it is, what is wrong and what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

LineOf = Callable[[str], int]
"""The line (1-based, 0 where unknown) at which a path, or else its nearest known parent, is written."""

PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend. `path` is written as in YAML (`spec.guards[1].target`)."""

    path: str
    wrong: str
    right: str
    source: str = ""
    line: int = 0  # 1-based; 0 where the object did not come from a text

    def __str__(self) -> str:
        place = (
            f"{self.source}:{self.line}: " if self.source and self.line else f"{self.source}: " if self.source else ""
        )
        return f"{place}{self.path}: {self.wrong}; {self.right}"


class InvalidServices(Exception):  # noqa: N818 - it names what was found, and holds every fault at once
    """The caller's fault: at least one object cannot be used."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def child(path: str, key: str) -> str:
    """The path of a mapping's value: `spec.load`, `metadata.annotations["heteroscale.dev/pair"]`."""
    if not PLAIN_KEY.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def item(path: str, index: int) -> str:
    """The path of a list's value: `spec.guards[1]`."""
    return f"{path}[{index}]"


def is_within(path: str, parent: str) -> bool:
    """Whether `path` is `parent` or lies below it."""
    return path.startswith(parent) and path[len(parent) : len(parent) + 1] in {"", ".", "["}


def located(faults: Iterable[Fault], *, source: str, line_of: LineOf) -> tuple[Fault, ...]:
    """The same faults with the text they came from, in the order of its lines."""
    placed = (replace(fault, source=source, line=line_of(fault.path)) for fault in faults)
    return tuple(sorted(placed, key=lambda fault: fault.line))
