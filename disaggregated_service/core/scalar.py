"""Single values of a spec: text, choices, numbers, durations and flags, and what is wrong with them.

A value is either usable or `Unusable`, which says what is wrong and what would be right. This file must
never know where in an object it is.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from disaggregated_service.core import duration
from disaggregated_service.core.schema import Bounds, Duration, Pattern
from disaggregated_service.core.shape import Choice, Flag, Number, Span, Text

SHOWN_LENGTH_MAX = 60
TEXT_LENGTH_MAX = 4096  # where a type does not say


@dataclass(frozen=True, slots=True)
class Unusable:
    """The value cannot be used; both texts are the halves of a fault."""

    wrong: str
    right: str


def scalar(shape: Text | Choice | Number | Span | Flag, value: object) -> object | Unusable:
    """The Python value of a plain one, or why there is none."""
    match shape:
        case Text(pattern):
            return _text(value, pattern)
        case Choice():
            return _choice(value, shape)
        case Number(bounds, whole):
            return _number(value, bounds, whole=whole)
        case Span(span):
            return _duration(value, span)
        case Flag():
            return value if isinstance(value, bool) else Unusable(f"is {shown(value)}", "write true or false")


def shown(value: object) -> str:
    """A plain value as it is quoted in a fault, at most a line of it."""
    match value:
        case None:
            return "empty"
        case bool():
            return f"the truth value {str(value).lower()}"
        case int() | float():
            return f"the number {value:.10g}"
        case str():
            return f'"{value if len(value) <= SHOWN_LENGTH_MAX else value[:SHOWN_LENGTH_MAX] + "..."}"'
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return f"a {type(value).__name__}"


def meant(written: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: the same but for case and underscores, else a similar one."""
    names = list(known)
    bare = {name.replace("_", "").replace("-", "").lower(): name for name in names}
    same = bare.get(written.replace("_", "").replace("-", "").lower())
    if same is not None:
        return same
    close = difflib.get_close_matches(written, names, n=1, cutoff=0.6)
    return close[0] if close else None


def _text(value: object, pattern: Pattern | None) -> str | Unusable:
    if not isinstance(value, str):
        remedy = "write a text" if isinstance(value, dict | list) else "write it in quotes"
        return Unusable(
            f"is {shown(value)}, not a text",
            f'{remedy}, for instance "{pattern.example}"' if pattern else remedy,
        )
    most = pattern.max_length if pattern else TEXT_LENGTH_MAX
    if len(value) > most:
        return Unusable(f"has {len(value)} characters", f"write at most {most}")
    if pattern and not re.fullmatch(pattern.regex, value):
        return Unusable(f"is {shown(value)}", f'write it like "{pattern.example}" (pattern {pattern.regex})')
    return value


def _choice(value: object, choice: Choice) -> object | Unusable:
    if isinstance(value, str) and value in choice.names:
        return choice.enum(value) if choice.enum else value
    near = meant(value, choice.names) if isinstance(value, str) else None
    allowed = "write one of: " + ", ".join(choice.names)
    return Unusable(f"is {shown(value)}", f'did you mean "{near}"? {allowed}' if near else allowed)


def _number(value: object, bounds: Bounds, *, whole: bool) -> float | Unusable:
    kind = "a whole number" if whole else "a number"
    right = f"write {kind}{_between(bounds)}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Unusable(f"is {shown(value)}, not {kind}", right)
    if not math.isfinite(value):
        return Unusable("is not a finite number", right)
    if whole and not isinstance(value, int):
        return Unusable(f"is {value:.10g}, not a whole number", right)
    if not _inside(value, bounds):
        return Unusable(f"is {value:.10g}", right)
    return value if whole else float(value)


def _inside(value: float, bounds: Bounds) -> bool:
    return (
        (bounds.minimum is None or value >= bounds.minimum)
        and (bounds.maximum is None or value <= bounds.maximum)
        and (bounds.above is None or value > bounds.above)
    )


def _between(bounds: Bounds) -> str:
    low = f"above {bounds.above:.10g}" if bounds.above is not None else ""
    if bounds.minimum is not None:
        low = f"from {bounds.minimum:.10g}"
    high = f"to {bounds.maximum:.10g}" if bounds.maximum is not None else ""
    if low.startswith("above") and high:
        high = f"at most {bounds.maximum:.10g}"
    if low.startswith("from") and not high:
        low = f"of at least {bounds.minimum:.10g}"
    return "".join(f" {word}" for word in (low, high) if word)


def _duration(value: object, allowed: Duration) -> float | Unusable:
    range_text = f"from {duration.written(allowed.min_s)} to {duration.written(allowed.max_s)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Unusable(f"is {shown(value)} without a unit", f'write a duration such as "{value:.10g}s" or "40ms"')
    seconds = duration.parse(value) if isinstance(value, str) else None
    if seconds is None:
        return Unusable(f"is {shown(value)}, not a duration", 'write it like "40ms", "60s", "5m" or "1h30m"')
    if not allowed.min_s <= seconds <= allowed.max_s:
        return Unusable(f"is {shown(value)}", f"write a duration {range_text}")
    return seconds
