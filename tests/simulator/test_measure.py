from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from disaggregated_service.core.guard_spec import GuardMetric
from disaggregated_service.core.pair import Pair
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.cell import Sample, slo_of
from heteroscale.simulator.measure import Outcome, outcome_of, ratio_error, recovery_s
from heteroscale.simulator.world.result import Slo
from tests.simulator.cells import chat
from tests.simulator.policy.sights import plant

NAN = math.nan
SLO = Slo(ttft_s=1.0, tbt_s=0.1)


def outcome(first_s: list[float], finish_s: list[float], end_s: float = 100.0) -> Outcome:
    """Four requests of eleven tokens, that came at 0, 10, 20 and 30 s."""
    requests = Requests(np.array([0.0, 10.0, 20.0, 30.0]), np.full(4, 100), np.full(4, 11))
    results = SimpleNamespace(first_token_s=np.array(first_s), finish_s=np.array(finish_s))
    return outcome_of(results, requests, SLO, end_s=end_s)  # type: ignore[arg-type]


def test_a_request_must_meet_both_targets():
    seen = outcome([0.5, 12.0, 20.5, 31.0], [1.0, 12.5, 22.0, 32.0])
    assert seen.met_ttft.tolist() == [True, False, True, True]
    assert seen.met_tbt.tolist() == [True, True, False, True]
    assert seen.met.tolist() == [True, False, False, True]


def test_who_was_never_answered_has_missed_and_has_waited_until_the_end():
    seen = outcome([0.5, NAN, 20.5, 30.5], [1.0, NAN, NAN, 31.0])
    assert seen.met.tolist() == [True, False, False, True]
    assert seen.ttft_s[1] == 90.0
    assert seen.tbt_s[2] == pytest.approx(79.5 / 10)
    assert np.isfinite(seen.ttft_s).all()
    assert np.isfinite(seen.tbt_s).all()


def sample(at_s: float, ready: Pair) -> Sample:
    return Sample(
        at_s=at_s, wanted=ready, ready=ready, input_tps=0.0, output_tps=0.0, ttft_ms_p90=0.0, tbt_ms_p90=0.0, reason=""
    )


def test_the_ratio_error_is_how_far_the_ready_ratio_is_from_the_needed_one():
    given = plant(input_tps=[40_000.0] * 12)
    needed = (40_000 / 16_400) / (40_000 / 6.07 / 3140)
    even = [sample(60.0 * minute, Pair(10, 10)) for minute in range(20, 60)]
    assert ratio_error(given, even) == pytest.approx(abs(1 / needed - 1), abs=0.1)
    assert ratio_error(given, [sample(1200.0, Pair(40, 10))]) > 2


def test_recovery_is_the_time_from_the_largest_rise_until_five_good_minutes():
    given = plant(input_tps=[20_000.0] * 4 + [60_000.0] * 8)
    arrival_s = given.requests.arrival_s
    everybody = np.ones(len(arrival_s), dtype=np.bool_)
    assert recovery_s(given, everybody) == 0
    bad = (arrival_s > 1200) & (arrival_s < 1560)
    assert recovery_s(given, ~bad) == pytest.approx(1560 - 900, abs=61)
    assert recovery_s(given, ~(arrival_s > 1200)) > 2000


def test_the_slo_is_the_tightest_target_of_each_guard():
    assert slo_of(chat()) == Slo(2.5, 0.025)
    spec = chat().spec
    looser = tuple(replace(guard, target_s=2 * guard.target_s) for guard in spec.guards)
    both = replace(chat(), spec=replace(spec, guards=(*looser, *spec.guards)))
    assert slo_of(both) == Slo(2.5, 0.025)


def test_an_slo_needs_a_guard_for_each_latency():
    spec = chat().spec
    one = tuple(guard for guard in spec.guards if guard.metric is GuardMetric.TTFT)
    with pytest.raises(ValueError, match=r"spec\.guards has no tbt"):
        slo_of(replace(chat(), spec=replace(spec, guards=one)))
