"""Each baseline against numbers worked out by hand from its source."""

from __future__ import annotations

import math

import pytest

from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.ratio import Band
from heteroscale.simulator.policy.demand import demand_of
from heteroscale.simulator.policy.dynamo import Dynamo, DynamoSettings, Traffic, decode_requests_per_s
from heteroscale.simulator.policy.hpa_utilisation import HpaUtilisation, UtilisationSettings
from heteroscale.simulator.policy.independent_tps import IndependentTps, IndependentTpsSettings
from heteroscale.simulator.policy.keda_queue_kv import KedaQueueKv, QueueKvSettings
from heteroscale.simulator.policy.kthena_band import KthenaBand, KthenaSettings, into_band
from heteroscale.simulator.policy.latency_only import LatencyOnly, LatencyOnlySettings
from heteroscale.simulator.policy.oracle import Oracle, OracleSettings
from heteroscale.simulator.policy.scheduled import Scheduled, ScheduledSettings
from heteroscale.simulator.policy.static import StaticP95Settings, StaticSettings, static_pair
from heteroscale.simulator.signals_seen import Seen
from tests.simulator.cells import ENGINE
from tests.simulator.policy.sights import plant, seen

TEN = Pair(10, 10)


def test_the_demand_is_the_load_that_arrives_and_the_load_that_is_written():
    given = plant(input_tps=[40_000.0] * 6)
    demand = demand_of(given.requests, duration_s=1800.0, bin_s=300.0, tbt_s=0.025)
    assert demand.prefill_tps.sum() * 300 == pytest.approx(float(given.requests.prompt_tokens.sum()))
    assert float(demand.decode_tps[2:].mean()) == pytest.approx(40_000 / 6.07, rel=0.12)
    assert demand.decode_tps[0] < demand.decode_tps[3], "the first answers take their time"


def test_a_static_fleet_carries_its_peak_at_the_services_target():
    given = plant(input_tps=[20_000.0, 90_000.0, 20_000.0])
    peak = demand_of(given.requests, duration_s=900.0, bin_s=300.0, tbt_s=0.025)
    pair = static_pair(StaticSettings(), given)
    assert pair.prefill == math.ceil(float(peak.prefill_tps.max()) / 9840)
    assert static_pair(StaticP95Settings(), given).prefill <= pair.prefill
    assert static_pair(StaticSettings(target_frac=0.9), given).prefill < pair.prefill


def test_a_schedule_has_its_rows_running_when_their_period_begins():
    given = plant(input_tps=[10_000.0, 10_000.0, 90_000.0, 90_000.0])
    policy = Scheduled(ScheduledSettings(period_s=600.0), given)
    early, before, during = (policy.wish(seen(TEN), at_s) for at_s in (0.0, 600.0 - given.start_up_s, 700.0))
    assert early.prefill < before.prefill
    assert before == during


def test_the_oracle_asks_one_start_up_ahead_and_lets_go_when_nothing_is_coming():
    given = plant(input_tps=[10_000.0, 90_000.0, 10_000.0])
    policy = Oracle(OracleSettings(headroom=1.2), given)
    low, ahead, after = (policy.wish(seen(TEN), at_s).prefill for at_s in (0.0, 180.0, 840.0))
    assert low < ahead
    assert after < ahead


@pytest.mark.parametrize(
    ("util", "ready", "expected"),
    [(0.7, 10, 10), (0.76, 10, 10), (0.84, 10, 12), (1.0, 10, 15), (0.35, 10, 10), (0.9, 5, 10), (math.nan, 10, 10)],
    ids=["at the target", "tolerated", "above", "far above", "below, stabilised", "half are starting", "unknown"],
)
def test_the_hpa_multiplies_by_how_far_utilisation_is_off(util, ready, expected):
    policy = HpaUtilisation(UtilisationSettings(), plant())
    moment = seen(TEN, prefill={"gpu_util_frac": util, "ready": ready}, decode={"gpu_util_frac": 0.7})
    assert policy.wish(moment, 0.0) == Pair(expected, 10)


@pytest.mark.parametrize(
    ("waiting", "kv_usage", "expected"),
    [(20.0, 1.0, 10), (30.0, 1.0, 15), (0.0, 9.8, 14), (math.nan, 7.0, 10)],
    ids=["two a replica", "queue", "memory", "an empty answer is 0"],
)
def test_keda_takes_the_larger_of_queue_and_memory(waiting, kv_usage, expected):
    policy = KedaQueueKv(QueueKvSettings(), plant())
    calm = {"waiting": 20.0, "kv_usage": 0.0}
    assert (
        policy.wish(seen(TEN, prefill=calm, decode={"waiting": waiting, "kv_usage": kv_usage}), 0.0).decode == expected
    )


def test_an_empty_queue_takes_a_busy_pool_down_after_five_minutes():
    policy = KedaQueueKv(QueueKvSettings(), plant())
    idle = seen(TEN, prefill={"waiting": 0.0, "kv_usage": 0.0}, decode={"waiting": 0.0, "kv_usage": 0.0})
    assert policy.wish(idle, 0.0) == TEN
    assert policy.wish(idle, 301.0) == Pair(1, 1)


def test_independent_pools_each_follow_their_own_tokens():
    policy = IndependentTps(IndependentTpsSettings(), plant())
    moment = seen(TEN, prefill={"tps": 14 * 9840.0}, decode={"tps": 10 * 1884.0})
    assert policy.wish(moment, 0.0) == Pair(14, 10)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (Pair(6, 6), Pair(6, 6)),
        (Pair(12, 4), Pair(12, 6)),
        (Pair(2, 10), Pair(5, 10)),
        (Pair(60, 10), Pair(40, 20)),
    ],
    ids=["inside", "decode is raised", "prefill is raised", "as far as the bounds let"],
)
def test_kthena_projects_into_its_band_by_raising(pair, expected):
    assert into_band(pair, Band(0.5, 2.0), Pair(1, 1), Pair(60, 20)) == expected


def test_kthena_skips_a_round_without_metrics():
    policy = KthenaBand(KthenaSettings(), plant())
    assert policy.wish(seen(TEN, prefill={"tps": 1.0}, decode={"tps": math.nan}), 0.0) == TEN


def test_kthena_gives_credit_to_what_is_starting():
    policy = KthenaBand(KthenaSettings(), plant())
    started = {"tps": 10 * 9840.0, "ready": 5, "covered": 5}
    assert policy.wish(seen(TEN, prefill=started, decode={"tps": 9 * 1884.0}), 0.0).prefill == 10


def test_dynamo_divides_the_predicted_requests_by_what_an_engine_carries():
    policy = Dynamo(DynamoSettings(), plant())
    policy.wish(seen(TEN, arrived=0, prompt_tokens=0.0, answer_tokens_mean=1000.0), 0.0)
    moment = seen(TEN, arrived=1800, prompt_tokens=1800 * 8000.0, answer_tokens_mean=1000.0)
    wish = policy.wish(moment, 180.0)
    traffic = Traffic(10.0, 8000.0, 1000.0)
    assert wish.prefill == math.ceil(10.0 * ENGINE.prefill_duration_s(8000))
    assert wish.decode == math.ceil(10.0 / decode_requests_per_s(ENGINE, traffic, 0.025))


def test_dynamos_decode_batch_is_the_largest_within_the_itl_target():
    traffic = Traffic(1.0, 8000.0, 1000.0)
    running = math.floor((0.025 - ENGINE.step_s[0]) / (ENGINE.step_s[1] + ENGINE.step_s[2] * 8500))
    assert (
        ENGINE.step_duration_s(running, running * 8500)
        <= 0.025
        < ENGINE.step_duration_s(running + 1, (running + 1) * 8500)
    )
    expected = running / (1000 * ENGINE.step_duration_s(running, running * 8500))
    assert decode_requests_per_s(ENGINE, traffic, 0.025) == pytest.approx(expected)


def test_dynamo_leaves_a_change_that_is_under_way_alone():
    policy = Dynamo(DynamoSettings(), plant())
    policy.wish(seen(TEN, answer_tokens_mean=1000.0), 0.0)
    moment = seen(TEN, prefill={"ready": 8}, arrived=9000, prompt_tokens=9000 * 8000.0, answer_tokens_mean=1000.0)
    assert policy.wish(moment, 180.0) == TEN


def test_dynamo_may_carry_the_last_change_on():
    policy = Dynamo(DynamoSettings(predictor="trend"), plant())
    wishes = [
        policy.wish(seen(TEN, arrived=arrived, prompt_tokens=arrived * 8000.0, answer_tokens_mean=1000.0), 180.0 * turn)
        for turn, arrived in enumerate((0, 900, 2700))
    ]
    assert wishes[-1].prefill == math.ceil(15.0 * ENGINE.prefill_duration_s(8000))


@pytest.mark.parametrize(("tier", "expected"), [(1.25, 12), (1.15, 11), (1.0, 10), (0.5, 9), (math.nan, 10)], ids=str)
def test_latency_alone_moves_in_tiers(tier, expected):
    policy = LatencyOnly(LatencyOnlySettings(), plant())
    assert policy.wish(seen(TEN, ttft_s_p90=2.5, tbt_s_p90=tier * 0.025), 1000.0) == Pair(10, expected)


def test_latency_alone_waits_between_two_steps():
    policy = LatencyOnly(LatencyOnlySettings(), plant())

    def slow(wanted: Pair) -> Seen:
        return seen(wanted, ttft_s_p90=2.5, tbt_s_p90=0.05)

    assert policy.wish(slow(TEN), 1000.0).decode == 12
    assert policy.wish(slow(Pair(10, 12)), 1100.0).decode == 12
    assert policy.wish(slow(Pair(10, 12)), 1180.0).decode == 15


def test_no_baseline_leaves_the_bounds():
    given = plant(input_tps=[900_000.0] * 3)
    assert static_pair(StaticSettings(), given) == Pair(60, 60)
    assert Oracle(OracleSettings(headroom=9.0), given).wish(seen(TEN), 300.0) == Pair(60, 60)
    assert given.bounded(Role.DECODE, 0) == 1
