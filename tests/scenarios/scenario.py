"""A scenario file: what it says, split at `expect` before anything is parsed.

Splitting first means that a broken expectation can always be rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from disaggregated_service.core.pair import Pair

FOLDER = Path(__file__).parent / "files"
MARK = "\nexpect: |\n"
KEYS = {"scenario", "why", "service", "start", "every", "starts_after", "series", "buckets", "events", "unchecked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens just before the tick at `at_s`: `what` holds exactly one of the keys known to run.py."""

    at_s: float
    what: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """start: the pair in force, or None to begin with nothing known. starts_after_s: how long a new replica takes.

    unchecked: the service would be refused by validation, and is tried all the same.
    """

    title: str
    service: dict[str, Any]
    unchecked: bool
    start: Pair | None
    every_s: float
    starts_after_s: float
    series: dict[str, str]
    buckets: dict[str, tuple[float, ...]]
    events: tuple[Event, ...]
    expected: str


def split(text: str) -> tuple[str, str]:
    """The part before `expect`, and the expectation without its indent."""
    head, _, tail = text.partition(MARK)
    return head, "\n".join(line.removeprefix("  ") for line in tail.rstrip().split("\n"))


def joined(head: str, expected: str) -> str:
    return head + MARK + "\n".join(f"  {line}".rstrip() for line in expected.split("\n")) + "\n"


def read(path: Path) -> Scenario:
    """Raises ValueError for a key that nobody would look at."""
    head, expected = split(path.read_text())
    data = yaml.safe_load(head)
    unknown = set(data) - KEYS
    if unknown or not data.get("why"):
        raise ValueError(f"{path.name}: unknown keys {sorted(unknown)}, or no why")
    start = data.get("start")
    return Scenario(
        title=data["scenario"],
        service=data.get("service", {}),
        unchecked=bool(data.get("unchecked", False)),
        start=Pair(start["prefill"], start["decode"]) if start else None,
        every_s=seconds(data.get("every", "15s")),
        starts_after_s=seconds(data.get("starts_after", "0s")),
        series=_texts(head)["series"],
        buckets={
            name: tuple(seconds(bound) for bound in bounds.split()) for name, bounds in data.get("buckets", {}).items()
        },
        events=tuple(
            Event(at_s=seconds(event["at"]), what={key: event[key] for key in event if key != "at"})
            for event in data.get("events", ())
        ),
        expected=expected,
    )


def _texts(head: str) -> dict[str, Any]:
    """The file with every scalar left as text, or `0x30` would be read as a hexadecimal number."""
    read_as_text: dict[str, Any] = yaml.load(head, yaml.BaseLoader)  # noqa: S506 - it makes strings and nothing else
    return read_as_text


def seconds(written: str) -> float:
    """`40ms`, `15s`, `10m`, `1h`."""
    for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)):
        if written.endswith(unit):
            return float(written.removesuffix(unit)) * factor
    raise ValueError(f"not a duration: {written!r}")
