"""Which products two patterns have in common. `*` stands for any text; all else for itself."""

from __future__ import annotations

import re


def contains(wide: str, narrow: str) -> bool:
    """Whether every product of `narrow` is one of `wide`: the star of `narrow` only falls on a star of `wide`."""
    return re.fullmatch(".*".join(re.escape(part) for part in re.split(r"\*+", wide)), narrow) is not None


def meet(one: str, other: str) -> bool:
    """Whether some product matches both."""
    if "*" not in one:
        return contains(other, one)
    if "*" not in other:
        return contains(one, other)
    short, long = sorted((pattern.partition("*")[0] for pattern in (one, other)), key=len)
    if not long.startswith(short):
        return False
    short, long = sorted((pattern.rpartition("*")[2] for pattern in (one, other)), key=len)
    return long.endswith(short)  # between the outer stars of both there is room for whatever lies inside
