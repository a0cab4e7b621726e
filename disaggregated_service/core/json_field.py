"""Fields of JSON data, read with their kind checked, so that damaged data are named and not guessed at.

This file must never know what the data are.
"""

from __future__ import annotations

import math


class UnreadableJson(ValueError):  # noqa: N818 - says what the data are
    """`field` is where, `wrong` what; both are in the message."""

    def __init__(self, field: str, wrong: str) -> None:
        super().__init__(f"{field} {wrong}")
        self.field = field
        self.wrong = wrong


def member(data: object, name: str, *, within: str = "") -> object:
    """The value under `name`; None is a value. Raises UnreadableJson where there is none."""
    where = f"{within}.{name}" if within else name
    if not isinstance(data, dict):
        raise UnreadableJson(within or name, "is no object")
    if name not in data:
        raise UnreadableJson(where, "is missing")
    value: object = data[name]
    return value


def text(data: object, name: str, *, within: str = "") -> str:
    """A string. Raises UnreadableJson."""
    value = member(data, name, within=within)
    if not isinstance(value, str):
        raise UnreadableJson(f"{within}.{name}" if within else name, "is no text")
    return value


def whole(data: object, name: str, *, within: str = "") -> int:
    """An integer of at least 0. Raises UnreadableJson."""
    value = member(data, name, within=within)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnreadableJson(f"{within}.{name}" if within else name, "is no whole number of at least 0")
    return value


def number(data: object, name: str, *, within: str = "") -> float:
    """A finite number. Raises UnreadableJson."""
    value = member(data, name, within=within)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnreadableJson(f"{within}.{name}" if within else name, "is no finite number")
    return value


def items(data: object, name: str, *, within: str = "") -> list[object]:
    """A list. Raises UnreadableJson."""
    value = member(data, name, within=within)
    if not isinstance(value, list):
        raise UnreadableJson(f"{within}.{name}" if within else name, "is no list")
    return value
