"""The minutes of the week that a schedule entry covers, Monday 00:00 being minute 0.

This file must never know the time: which minute it is now, and in which zone, is an argument of who asks.
"""

from __future__ import annotations

from disaggregated_service.core.schedule_spec import ScheduleEntry

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN


def clock_min(written: str) -> int:
    """Minutes after midnight of `HH:MM`; `24:00` is 1440."""
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def days_of(entry: ScheduleEntry) -> tuple[int, ...]:
    """The days on which its period begins, Monday being 0; `fri-mon` goes round the end of the week."""
    found: set[int] = set()
    for written in entry.days:
        first, _, last = written.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return tuple(sorted(found))


def spans_of(entry: ScheduleEntry) -> tuple[tuple[int, int], ...]:
    """(first minute, first minute after) of each period, in the entry's own zone; the end may exceed
    WEEK_MIN.
    """
    start, end = clock_min(entry.start), clock_min(entry.end)
    length = end - start if end > start else end - start + DAY_MIN
    return tuple((day * DAY_MIN + start, day * DAY_MIN + start + length) for day in days_of(entry))


def covers(entry: ScheduleEntry, minute: int) -> bool:
    """Whether the entry's period covers this minute of the week (0..10079), counted in the entry's own
    zone.
    """
    return any((minute - begin) % WEEK_MIN < end - begin for begin, end in spans_of(entry))


def overlap(one: ScheduleEntry, other: ScheduleEntry, *, other_is_ahead_min: int) -> int | None:
    """A minute of `one`'s week that both cover, or None. `other_is_ahead_min`: its zone's offset less that
    of `one`.
    """
    for begin, end in spans_of(one):
        for other_begin, other_end in spans_of(other):
            shifted = other_begin - other_is_ahead_min
            if (shifted - begin) % WEEK_MIN < end - begin:
                return shifted % WEEK_MIN
            if (begin - shifted) % WEEK_MIN < other_end - other_begin:
                return begin % WEEK_MIN
    return None


def minute_written(minute: int) -> str:
    """`tue 09:00`."""
    day, of_day = divmod(minute % WEEK_MIN, DAY_MIN)
    return f"{DAYS[day]} {of_day // 60:02d}:{of_day % 60:02d}"
