"""The two annotations by which an on-call engineer overrides a service until a time.

Wall-clock instants become seconds since the epoch here; this file must never know what time it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from disaggregated_service.core.fault import Fault, child
from disaggregated_service.core.override import (
    HOLD_ANNOTATION,
    PAIR_ANNOTATION,
    HoldUntil,
    Override,
    PairUntil,
)
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.scalar import meant, shown

PREFIX = "heteroscale.dev/"
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_PAIR = re.compile(r"([1-9][0-9]{0,4})P ?([1-9][0-9]{0,4})D until (\S+)")

HOLD_RIGHT = 'write a UTC instant such as "2026-11-21T18:00:00Z"'
PAIR_RIGHT = 'write it like "8P24D until 2026-11-21T18:00:00Z"'


def overrides_in(annotations: Mapping[str, object], path: str) -> tuple[tuple[Override, ...], tuple[Fault, ...]]:
    """The overrides, and the faults of what looks like one. Annotations of others are none of our business."""
    overrides: list[Override] = []
    faults: list[Fault] = []
    for key, value in annotations.items():
        if not key.startswith(PREFIX):
            continue
        where = child(path, key)
        match key:
            case _ if key == HOLD_ANNOTATION:
                found, right = _hold(value), HOLD_RIGHT
            case _ if key == PAIR_ANNOTATION:
                found, right = _pair(value), PAIR_RIGHT
            case _:
                known = (HOLD_ANNOTATION, PAIR_ANNOTATION)
                near = meant(key, known)
                right = f'did you mean "{near}"?' if near else f"known here: {', '.join(known)}"
                faults.append(Fault(path=where, wrong="is not a known annotation", right=right))
                continue
        if found is None:
            faults.append(Fault(path=where, wrong=f"is {shown(value)}", right=right))
        else:
            overrides.append(found)
    return tuple(overrides), tuple(faults)


def instant(written: str) -> float | None:
    """Seconds since the epoch of an RFC 3339 instant in UTC (it ends in Z), or None."""
    if not _INSTANT.fullmatch(written):
        return None
    try:
        return datetime.fromisoformat(written).timestamp()
    except ValueError:  # the 30th of February
        return None


def _hold(value: object) -> Override | None:
    until = instant(value.strip()) if isinstance(value, str) else None
    return None if until is None else HoldUntil(until_unix_s=until)


def _pair(value: object) -> Override | None:
    match = _PAIR.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    until = instant(match[3])
    if until is None:
        return None
    return PairUntil(pair=Pair(int(match[1]), int(match[2])), until_unix_s=until)
