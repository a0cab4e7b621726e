"""Durations as people write them: `40ms`, `60s`, `5m`, `1h30m`. This file must never know what they are
for.
"""

from __future__ import annotations

import re

PART = r"[0-9]+(\.[0-9]+)?(ms|s|m|h)"
WRITTEN = rf"({PART})+"
WRITTEN_LENGTH_MAX = 32

_ONE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_ALL = re.compile(WRITTEN)


def parse(text: str) -> float | None:
    """Seconds, or None where the text is no duration. Units may repeat and come in any order."""
    if len(text) > WRITTEN_LENGTH_MAX or not _ALL.fullmatch(text):
        return None
    return sum(_seconds(float(number), unit) for number, unit in _ONE.findall(text))


def written(seconds: float) -> str:
    """The shortest usual form that parses back to the same value: hours only when whole, else seconds or
    ms.
    """
    if seconds and seconds % 3600 == 0:
        return f"{seconds / 3600:g}h"
    if 0 < seconds < 1:
        return f"{seconds * 1000:g}ms"
    return f"{seconds:.10g}s"


def _seconds(number: float, unit: str) -> float:
    # Divided, not multiplied by 0.001: 40ms must be the same float as 0.04.
    match unit:
        case "ms":
            return number / 1000
        case "m":
            return number * 60
        case "h":
            return number * 3600
        case _:
            return number
