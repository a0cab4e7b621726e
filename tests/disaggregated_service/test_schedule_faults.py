from typing import Any

import pytest

from disaggregated_service.core.schedule_spec import ScheduleEntry
from disaggregated_service.core.week import covers, days_of
from tests.services import faults_with

MEASURED = {"mode": "measured", "min": "1:6", "max": "2:1"}
PREFILL_LOAD = {"prefill": {"metric": "prefillTps", "targetPerReplica": 13500}}


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "peak", "from": "09:00", "to": "19:00", "minDecode": 24} | changes


def only(**fields: Any) -> dict[str, Any]:
    return {"name": "peak", "from": "09:00", "to": "19:00"} | fields


@pytest.mark.parametrize(
    ("schedule", "path", "words"),
    [
        pytest.param([entry(), entry(**{"from": "19:00", "to": "20:00"})], "[1].name", ['"peak" is the name of spec.schedule[0] too'], id="one name twice"),
        pytest.param([only()], "[0]", ["does nothing"], id="does nothing"),
        pytest.param([entry(fixed={"prefill": 8, "decode": 24})], "[0].fixed", ["floor and ceiling at once"], id="fixed beside a floor"),
        pytest.param([entry(minDecode=80)], "[0].minDecode", ["is 80, above maxReplicas 72 of decode"], id="floor above the maximum"),
        pytest.param([only(minPrefill=30)], "[0].minPrefill", ["is 30, above maxReplicas 24 of prefill"], id="prefill floor above the maximum"),
        pytest.param([only(fixed={"prefill": 25, "decode": 75})], "[0].fixed", ["25P 75D", "outside the bounds 1..24P and 3..72D"], id="fixed outside the bounds"),
        pytest.param([only(fixed={"prefill": 8, "decode": 8})], "[0].fixed", ["has P/D 1, outside the band 0.283..0.383"], id="fixed outside the band"),
        pytest.param([only(ratio={"prefill": 30, "decode": 1})], "[0].ratio", ["no pair", "nearest pair is 24P 3D"], id="ratio of the period without a pair"),
        pytest.param([entry(to="09:00")], "[0].to", ["is the same as from"], id="no length"),
        pytest.param([entry(**{"from": "24:00", "to": "08:00"})], "[0].from", ["the end of a day"], id="from 24:00"),
        pytest.param([entry(timezone="Asia/Singapur")], "[0].timezone", ['"Asia/Singapur" is not a known time zone'], id="unknown zone"),
        pytest.param([entry(timezone="Asia")], "[0].timezone", ['"Asia" is not a known time zone'], id="a folder of zones"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_meant_is_a_fault(schedule: list[dict[str, Any]], path: str, words: list[str]) -> None:
    faults = faults_with(schedule=schedule)
    assert [fault.path for fault in faults] == [f"spec.schedule{path}"]
    assert [word for word in words if word not in str(faults[0])] == []


def test_floors_above_the_budget_are_a_fault() -> None:
    faults = faults_with(schedule=[entry(minDecode=40)], gpuBudget=100)
    assert [str(fault) for fault in faults] == [
        "spec.schedule[0]: its floors 1P 40D use 164 GPUs, above gpuBudget 100; lower the floors or raise gpuBudget"
    ]


def test_a_ratio_of_the_period_belongs_to_the_fixed_mode() -> None:
    faults = faults_with(ratio=MEASURED, load=PREFILL_LOAD, schedule=[only(ratio={"prefill": 1, "decode": 2})])
    assert [fault.path for fault in faults] == ["spec.schedule[0].ratio"]


def test_a_fixed_pair_is_measured_against_the_ratio_of_its_own_period() -> None:
    assert faults_with(schedule=[only(fixed={"prefill": 8, "decode": 8}, ratio={"prefill": 1, "decode": 1})]) == ()


@pytest.mark.parametrize(
    ("one", "other", "at"),
    [
        ({"from": "09:00", "to": "19:00"}, {"from": "18:59", "to": "20:00"}, "mon 18:59 UTC"),
        ({"from": "09:00", "to": "19:00"}, {"from": "19:00", "to": "20:00"}, None),
        ({"from": "22:00", "to": "06:00", "days": ["sun"]}, {"from": "05:00", "to": "07:00", "days": ["mon"]}, "mon 05:00 UTC"),
        ({"from": "22:00", "to": "06:00", "days": ["sat"]}, {"from": "05:00", "to": "07:00", "days": ["mon"]}, None),
        ({"days": ["mon-fri"]}, {"days": ["sat-sun"]}, None),
        ({"days": ["fri-mon"]}, {"days": ["sun"]}, "sun 09:00 UTC"),
        ({"from": "00:00", "to": "24:00", "days": ["mon"]}, {"from": "00:00", "to": "01:00", "days": ["tue"]}, None),
        # Singapore is eight hours ahead, without summer time.
        ({"from": "00:00", "to": "02:00"}, {"from": "09:00", "to": "10:00", "timezone": "Asia/Singapore"}, "mon 01:00 UTC"),
        ({"from": "02:00", "to": "03:00"}, {"from": "09:00", "to": "10:00", "timezone": "Asia/Singapore"}, None),
        # Berlin is always one hour ahead of London: both change on the same day.
        ({"from": "09:00", "to": "10:00", "timezone": "Europe/London"}, {"from": "11:00", "to": "12:00", "timezone": "Europe/Berlin"}, None),
        # New York changes weeks before London does, so five hours become four.
        ({"from": "12:00", "to": "13:00", "timezone": "Europe/London"}, {"from": "08:00", "to": "09:00", "timezone": "America/New_York"}, "mon 12:00 Europe/London"),
        ({"from": "11:00", "to": "12:00", "timezone": "Europe/London"}, {"from": "08:00", "to": "09:00", "timezone": "America/New_York"}, None),
    ],
)  # fmt: skip
def test_entries_may_touch_but_not_overlap(one: dict[str, Any], other: dict[str, Any], at: str | None) -> None:
    faults = faults_with(schedule=[entry(**one), entry(name="other", **other)])
    if at is None:
        assert faults == ()
    else:
        assert [fault.path for fault in faults] == ["spec.schedule[1]"]
        assert faults[0].wrong == f'"other" overlaps spec.schedule[0] "peak" at {at}'


def test_a_period_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    night = ScheduleEntry(name="night", days=("sun",), start="22:00", end="06:00")
    sunday = 6 * 1440
    assert days_of(night) == (6,)
    assert [covers(night, minute) for minute in (sunday + 1319, sunday + 1320, 0, 359, 360)] == [
        False, True, True, True, False,
    ]  # fmt: skip
