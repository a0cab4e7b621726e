"""A moment of the past as people write it."""

from __future__ import annotations

import re
from datetime import datetime

from disaggregated_service.core import duration

_RELATIVE = re.compile(r"now(?:-(.+))?")
_UNIX = re.compile(r"[0-9]{1,11}")
EXAMPLES = "for instance 2026-11-20T08:00:00Z, 1795161600, now or now-6h"


class UnusableInstant(ValueError):  # noqa: N818 - it names what the text is
    """The caller's fault: says what would be right."""


def instant_in(text: str, *, now_unix_s: float) -> int:
    """Whole Unix seconds of RFC 3339 with a zone, of Unix seconds, of `now`, or of `now-6h`. Raises UnusableInstant."""
    if _UNIX.fullmatch(text):
        return int(text)
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        ago_s = 0.0 if relative[1] is None else duration.parse(relative[1])
        if ago_s is None:
            raise UnusableInstant(f"{relative[1]!r} is no duration; write it like now-6h")
        return round(now_unix_s - ago_s)
    try:
        there = datetime.fromisoformat(text)
    except ValueError:
        raise UnusableInstant(f"{text!r} is no moment; {EXAMPLES}") from None
    if there.tzinfo is None:
        raise UnusableInstant(f"{text!r} names no time zone; add Z for UTC, or an offset such as +08:00")
    return round(there.timestamp())
