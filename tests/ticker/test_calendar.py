from __future__ import annotations

from datetime import UTC, datetime

import pytest

from disaggregated_service.core.override import HoldUntil, Override, PairUntil
from disaggregated_service.core.pair import Pair
from disaggregated_service.core.schedule_spec import ScheduleEntry
from heteroscale.ticker.calendar import active_entries, override_in_force

HOLD = HoldUntil(until_unix_s=2000.0)
PAIR = PairUntil(pair=Pair(8, 24), until_unix_s=3000.0)


def at(written: str) -> float:
    return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()


def entry(start: str, end: str, *days: str, zone: str = "UTC") -> ScheduleEntry:
    return ScheduleEntry(name="peak", days=days or ("mon-sun",), start=start, end=end, timezone=zone, min_decode=1)


@pytest.mark.parametrize(
    ("period", "utc", "active"),
    [
        pytest.param(entry("09:00", "19:00", "mon-fri"), "2026-11-25 09:00:00", True, id="from is included"),
        pytest.param(entry("09:00", "19:00", "mon-fri"), "2026-11-25 08:59:59", False, id="a second before"),
        pytest.param(entry("09:00", "19:00", "mon-fri"), "2026-11-25 18:59:59", True, id="the last second"),
        pytest.param(entry("09:00", "19:00", "mon-fri"), "2026-11-25 19:00:00", False, id="to is not included"),
        pytest.param(entry("09:00", "19:00", "mon-fri"), "2026-11-28 12:00:00", False, id="not on a saturday"),
        pytest.param(entry("22:00", "02:00", "wed"), "2026-11-25 23:00:00", True, id="before midnight"),
        pytest.param(
            entry("22:00", "02:00", "wed"), "2026-11-26 01:59:00", True, id="past midnight, begun the day before"
        ),
        pytest.param(entry("22:00", "02:00", "wed"), "2026-11-25 01:00:00", False, id="not begun on tuesday"),
        pytest.param(entry("22:00", "02:00", "sun"), "2026-11-30 01:00:00", True, id="past the end of the week"),
        pytest.param(entry("00:00", "24:00", "sat"), "2026-11-28 23:59:59", True, id="24:00 ends the day"),
        pytest.param(entry("00:00", "24:00", "sat"), "2026-11-29 00:00:00", False, id="and not a minute later"),
        pytest.param(entry("09:00", "10:00", "fri-mon"), "2026-11-29 09:30:00", True, id="fri-mon has the sunday"),
        pytest.param(entry("09:00", "10:00", "fri-mon"), "2026-11-30 09:30:00", True, id="and the monday"),
        pytest.param(entry("09:00", "10:00", "fri-mon"), "2026-12-01 09:30:00", False, id="not the tuesday"),
        pytest.param(
            entry("09:00", "19:00", "wed", zone="Asia/Singapore"), "2026-11-25 01:00:00", True, id="in its zone"
        ),
        pytest.param(
            entry("09:00", "19:00", "wed", zone="Asia/Singapore"), "2026-11-25 00:59:00", False, id="not before"
        ),
        pytest.param(
            entry("00:00", "06:00", "thu", zone="Asia/Singapore"), "2026-11-25 17:00:00", True, id="another day there"
        ),
        pytest.param(
            entry("09:00", "10:00", zone="Europe/Berlin"), "2026-03-28 08:30:00", True, id="winter time: an hour ahead"
        ),
        pytest.param(entry("09:00", "10:00", zone="Europe/Berlin"), "2026-03-29 07:30:00", True, id="summer time: two"),
        pytest.param(
            entry("02:30", "06:00", zone="Europe/Berlin"), "2026-03-29 01:00:00", True, id="begun in the hour left out"
        ),
        pytest.param(
            entry("02:00", "03:00", zone="Europe/Berlin"), "2026-10-25 00:30:00", True, id="the hour that comes twice"
        ),
        pytest.param(entry("02:00", "03:00", zone="Europe/Berlin"), "2026-10-25 01:30:00", True, id="and again"),
        pytest.param(entry("02:00", "03:00", zone="Europe/Berlin"), "2026-10-25 02:00:00", False, id="then it is over"),
    ],
)
def test_a_period_is_what_the_clocks_on_the_wall_show(period: ScheduleEntry, utc: str, active: bool):
    assert active_entries((period,), at(utc)) == (("peak",) if active else ())


def test_every_active_entry_is_named_in_the_order_of_the_schedule():
    assert active_entries((entry("09:00", "10:00"), entry("09:30", "11:00")), at("2026-11-25 09:45")) == (
        "peak",
        "peak",
    )


@pytest.mark.parametrize(
    ("overrides", "unix_s", "expected"),
    [
        pytest.param((), 1000.0, None, id="none"),
        pytest.param((HOLD,), 1999.9, HOLD, id="until its time"),
        pytest.param((HOLD,), 2000.0, None, id="and no longer"),
        pytest.param((PAIR, HOLD), 1000.0, HOLD, id="a hold outweighs a pair"),
        pytest.param((PAIR, HOLD), 2500.0, PAIR, id="which comes into force after it"),
    ],
)
def test_an_override_ends_by_its_own_time(overrides: tuple[Override, ...], unix_s: float, expected: Override | None):
    assert override_in_force(overrides, unix_s) == expected
