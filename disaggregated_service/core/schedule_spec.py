"""Known peaks: periods of the week with floors, a fixed pair or a ratio of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from disaggregated_service.core.role_spec import DNS_LABEL
from disaggregated_service.core.schema import Bounds, Doc, Key, MaxItems, Pattern

CLOCK_TIME = Pattern(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", "09:00", 5)
DAYS = Pattern(r"(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?", "mon-fri", 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPair:
    """Floor and ceiling at once; guards may still raise above it."""

    prefill: Annotated[int, Bounds(1, 10_000), Doc("Prefill replicas.")]
    decode: Annotated[int, Bounds(1, 10_000), Doc("Decode replicas.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRatio:
    """A period's own ratio; the service's tolerance goes on to apply."""

    prefill: Annotated[int, Bounds(1, 1000), Doc("Prefill part of the ratio.")]
    decode: Annotated[int, Bounds(1, 1000), Doc("Decode part of the ratio.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleEntry:
    """One period of the week. `from` is included, `to` is not; a `to` before `from` runs past midnight."""

    name: Annotated[str, DNS_LABEL, Doc("Name shown in the trail.")]
    days: Annotated[tuple[str, ...], MaxItems(7), DAYS, Doc("Days on which the period begins. Default: every day.")] = (
        "mon-sun",
    )
    start: Annotated[str, Key("from"), CLOCK_TIME, Doc("First minute of the period.")]
    end: Annotated[str, Key("to"), CLOCK_TIME, Doc("First minute after it.")]
    timezone: Annotated[str, Pattern(r"[A-Za-z0-9_+/-]+", "Asia/Singapore", 64), Doc("IANA time zone.")] = "UTC"
    min_prefill: Annotated[int | None, Bounds(1, 10_000), Doc("Floor of prefill replicas.")] = None
    min_decode: Annotated[int | None, Bounds(1, 10_000), Doc("Floor of decode replicas.")] = None
    fixed: Annotated[FixedPair | None, Doc("Floor and ceiling at once.")] = None
    ratio: Annotated[PeriodRatio | None, Doc("Fixed ratio mode only: the ratio during this period.")] = None
