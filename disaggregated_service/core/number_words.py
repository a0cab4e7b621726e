"""Numbers as people read them: the unit is taken from the end of the name, as all names in this project
have it.

| name | value | words | | --- | --- | --- | | load_tps | 9500 | load 9,500 tok/s | | bound_s | 0.05 | bound
50 ms | | age_s | 12 | age 12 s | | slow_frac | 0.31 | slow 31% | | need | 4.25 | need 4.25 |

This file must never know which numbers there are.
"""

from __future__ import annotations

from collections.abc import Iterable

_UNITS = ("_tps", "_s", "_ms", "_frac", "_gpus", "_nodes")


def quantity(name: str, value: float) -> str:
    """The value with the unit that its name ends in."""
    if "tps" in name.split("_"):
        return f"{_plain(value)} tok/s"
    match name.rpartition("_")[2]:
        case "s":
            return span(value)
        case "ms":
            return f"{_plain(value)} ms"
        case "frac":
            return f"{_plain(value * 100)}%"
        case "gpus":
            return f"{_plain(value)} GPUs"
        case "nodes":
            return f"{_plain(value)} node{'' if value == 1 else 's'}"
        case _:
            return _plain(value)


def named(name: str, value: float) -> str:
    """`load 9,500 tok/s`: the name without its unit, then the quantity."""
    unit = next((unit for unit in _UNITS if name.endswith(unit)), "")
    return f"{name.removesuffix(unit).replace('_', ' ')} {quantity(name, value)}"


def listed(numbers: Iterable[tuple[str, float]]) -> str:
    """All of them, separated by commas; empty for none."""
    return ", ".join(named(name, value) for name, value in numbers)


def span(seconds: float) -> str:
    """50 ms, 12 s, 10 min, 2 h: whole minutes and hours only where nothing is lost."""
    if 0 < abs(seconds) < 1:
        return f"{_plain(seconds * 1000)} ms"
    if seconds >= 7200 and seconds % 3600 == 0:
        return f"{_plain(seconds / 3600)} h"
    if seconds >= 120 and seconds % 60 == 0:
        return f"{_plain(seconds / 60)} min"
    return f"{_plain(seconds)} s"


def _plain(value: float) -> str:
    """At most two decimals, none where they say nothing; tiny values keep their first digits."""
    if value and abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")
