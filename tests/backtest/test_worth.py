from __future__ import annotations

from collections.abc import Sequence

import pytest

from disaggregated_service.core.decision import Decision, Hold
from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason
from heteroscale.backtest import worth
from heteroscale.backtest.replay import Moment
from scaler.core.observation import Absent, Coverage, Histogram, Present, Reading, RoleSignals, Signals, Why
from tests.services import service

SERVICE = service(load={"decode": {"metric": "decodeTps", "targetPerReplica": 500, "capacityPerReplica": 1000}})
STEP_S = 15
RUNNING = Pair(2, 6)
UNKNOWN = Absent(Why.NO_SERIES)


def moment(index: int, wish: Pair, load_tps: float | None, *, tbt_s: Reading[Histogram] = UNKNOWN) -> Moment:
    load: Reading[float] = Absent(Why.STALE) if load_tps is None else Present(load_tps, 4, 1.0, Coverage(6, 6))
    signals = Signals(
        prefill=RoleSignals(ready=2, discovered=2, load=Absent(Why.NO_SERIES)),
        decode=RoleSignals(ready=6, discovered=6, load=load),
        latencies={GuardMetric.TBT: tbt_s},
    )
    decision = Decision(
        service=SERVICE.key,
        sequence=1,
        mode=Mode.ADVISORY,
        verdict=Hold(Reason.WITHIN_BAND),
        in_force=wish,
        targets=wish,
        granted=wish,
        published=None,
        ready=RUNNING,
        discovered=RUNNING,
        trail=(),
    )
    return Moment(at_unix_s=index * STEP_S, signals=signals, decision=decision)


def moments(*ticks: tuple[Pair, float | None]) -> Sequence[Moment]:
    return [moment(index, wish, load_tps) for index, (wish, load_tps) in enumerate(ticks)]


def test_a_wished_replica_is_billed_at_once_and_serves_after_its_start():
    small, large = Pair(2, 6), Pair(3, 9)
    ticks = moments((small, 6000), (large, 9000), (large, 9000), (large, 9000), (large, 9000))
    one = worth.wished(SERVICE, ticks, step_s=STEP_S, start_up_s=30.0)
    assert one.gpu_hours == pytest.approx((8 * 4 + 4 * 12 * 4) * STEP_S / 3600)
    assert one.minutes_short == {Role.DECODE: 0.5}  # two ticks of waiting
    assert one.moves == 1


def test_a_shrink_is_gone_at_once():
    ticks = moments((Pair(3, 9), 9000), (Pair(2, 6), 9000))
    assert worth.wished(SERVICE, ticks, step_s=STEP_S, start_up_s=30.0).minutes_short[Role.DECODE] == 0.25


def test_what_ran_is_what_was_discovered_and_ready():
    one = worth.ran(SERVICE, moments((Pair(9, 9), 5000), (Pair(9, 9), 6500)), step_s=STEP_S)
    assert one.gpu_hours == pytest.approx(2 * 8 * 4 * STEP_S / 3600)
    assert one.minutes_short == {Role.DECODE: 0.25}
    assert one.moves == 0


def test_an_unknown_load_is_neither_short_nor_enough_but_a_gap():
    ticks = moments((RUNNING, 5000), (RUNNING, None), (RUNNING, None), (RUNNING, 5000))
    assert worth.ran(SERVICE, ticks, step_s=STEP_S).minutes_short == {Role.DECODE: 0.0}
    (gap,) = worth.gaps(SERVICE, ticks, step_s=STEP_S)
    assert (gap.from_unix_s, gap.until_unix_s, gap.why) == (15, 45, "no decode load: stale")


def test_minutes_over_the_latency_target_are_those_of_a_guard_at_risk():
    slow = Present(Histogram((0.025, 0.05), (0.0, 10.0), 100.0), 100, 1.0, Coverage(6, 6))
    calm = Present(Histogram((0.025, 0.05), (50.0, 100.0), 100.0), 100, 1.0, Coverage(6, 6))
    ticks = [moment(0, RUNNING, 5000, tbt_s=slow), moment(1, RUNNING, 5000, tbt_s=calm)]
    assert worth.minutes_over_slo(SERVICE, ticks, step_s=STEP_S) == {"tbt_p90": 0.25, "ttft_p90": 0.0}
