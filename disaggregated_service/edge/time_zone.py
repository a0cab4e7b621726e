"""Time zones by name, from the system's or tzdata's files. The only place of this package that reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SAMPLED_YEAR = 2026  # rules change rarely; a fixed year keeps the same spec valid, or not, for ever
SAMPLES = 53  # one a week: no two zones differ for less than that when their summer times begin or end


@cache
def offsets_min(name: str) -> tuple[int, ...]:
    """UTC offsets in minutes, one a week over a year, at the same instants for every zone; empty where
    unknown.
    """
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such file; not a plain name; a folder such as "Asia"
        return ()
    start = datetime(SAMPLED_YEAR, 1, 1, tzinfo=UTC)
    instants = (start + timedelta(weeks=week) for week in range(SAMPLES))
    return tuple(_minutes(instant.astimezone(zone)) for instant in instants)


def _minutes(instant: datetime) -> int:
    offset = instant.utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0
