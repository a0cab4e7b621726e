"""What the wall clock says about a service: which schedule entries are active, which annotation is in force.

Pure: the instant is an argument. It must never know how an entry changes a pair.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from disaggregated_service.core.override import HoldUntil, Override
from disaggregated_service.core.schedule_spec import ScheduleEntry
from disaggregated_service.core.week import DAY_MIN, covers


def active_entries(schedule: Iterable[ScheduleEntry], unix_s: float) -> tuple[str, ...]:
    """Names of the entries in whose period `unix_s` lies, in the order of the schedule.

    A period is what the clocks on the wall there show. Where summer time begins, a minute that is left out is in no
    period; where it ends, one that comes twice is in its period twice: a floor too many, never one too few.
    """
    return tuple(entry.name for entry in schedule if covers(entry, minute_of_week(entry.timezone, int(unix_s // 60))))


def override_in_force(overrides: Iterable[Override], unix_s: float) -> Override | None:
    """The annotation whose time has not ended. Of two, the one that holds: it promises that nothing moves."""
    standing = [override for override in overrides if unix_s < override.until_unix_s]
    return min(standing, key=lambda override: not isinstance(override, HoldUntil), default=None)


@lru_cache(maxsize=1024)  # a thousand services share a few zones, and a minute lasts four ticks
def minute_of_week(timezone: str, unix_min: int) -> int:
    """Minutes since Monday 00:00 on the wall of `timezone` (a validated IANA name)."""
    there = datetime.fromtimestamp(unix_min * 60, ZoneInfo(timezone))
    return there.weekday() * DAY_MIN + there.hour * 60 + there.minute
