"""What the world is told besides its load: starts that fail, slower paths, cached prefixes, routing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4 as ENGINE
from heteroscale.simulator.world.activity import DECODE_SM_FLOOR_FRAC, PREFILL_SM_FRAC
from heteroscale.simulator.world.engine import Link
from heteroscale.simulator.world.fast_world import FastWorld
from heteroscale.simulator.world.interface import Routing
from heteroscale.simulator.world.network import Network
from heteroscale.simulator.world.start_up import BACK_OFF_S, StartUp


def equal(count: int, every_s: float, prompt: int = 8000, answer: int = 101) -> Requests:
    return Requests(np.arange(count, dtype=np.float64) * every_s, np.full(count, prompt), np.full(count, answer))


def world_of(requests: Requests, replicas: Pair, **settings: Any) -> FastWorld:
    return FastWorld(requests=requests, replicas=replicas, **({"prefill": ENGINE, "decode": ENGINE} | settings))


def test_a_start_that_never_fails_takes_its_time_within_the_jitter():
    times = [StartUp().of(Role.PREFILL, number) for number in range(200)]
    assert 105 <= min(times) <= max(times) <= 135


def test_a_crashed_start_is_begun_again_after_the_kubelets_back_off():
    start_up = StartUp(mean_s=100.0, jitter_s=0.0, crash_frac=0.5)
    times = [start_up.of(Role.DECODE, number) for number in range(2000)]
    once, twice = 100.0, 200.0 + BACK_OFF_S
    assert times.count(once) / 2000 == pytest.approx(0.5, abs=0.03)
    assert times.count(twice) / 2000 == pytest.approx(0.25, abs=0.03)
    assert 300.0 + 3 * BACK_OFF_S in times


def test_some_replicas_never_start_and_are_billed_all_the_same():
    start_up = StartUp(stuck_frac=1.0)
    assert start_up.of(Role.PREFILL, 3) == math.inf
    world = world_of(equal(0, 1.0), Pair(1, 1), start_up=start_up)
    world.resize(Role.PREFILL, 3)
    world.run_until(3600.0)
    assert (world.ready, world.wanted) == (Pair(1, 1), Pair(3, 1))
    assert world.gpu_hours() == pytest.approx(4 * ENGINE.gpus)
    assert world.serving_s(Role.PREFILL) == pytest.approx(3600.0)
    assert world.busy_s(Role.PREFILL) == 0


@pytest.mark.parametrize(
    "wrong", [{"jitter_s": 121.0}, {"jitter_s": -1.0}, {"crash_frac": 1.0}, {"stuck_frac": 1.1}, {"mean_s": math.inf}]
)
def test_start_ups_that_cannot_be_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="must"):
        StartUp(**wrong)  # type: ignore[arg-type]


def test_the_stated_share_of_the_caches_takes_the_slower_path():
    network = Network(
        inside=Link(setup_s=0.0, bytes_per_s=1e9), across=Link(setup_s=0.5, bytes_per_s=5e8), across_frac=0.3
    )
    took_s = network.transfers_s(np.full(20_000, 1e9))
    assert set(took_s) == {1.0, 2.5}
    assert np.mean(took_s == 2.5) == pytest.approx(0.3, abs=0.01)


def test_a_slower_path_is_in_the_time_to_the_first_token():
    slow = Link(bytes_per_s=1e9)
    near, far = (world_of(equal(1, 1.0), Pair(1, 1), network=Network(across=slow, across_frac=x)) for x in (0.0, 1.0))
    for world in (near, far):
        world.finish()
    kv_bytes = 8000 * ENGINE.kv_bytes_per_token
    later_s = far.results.ttft_s()[0] - near.results.ttft_s()[0]
    assert later_s == pytest.approx(kv_bytes / 1e9 - kv_bytes / Link().bytes_per_s)


def test_a_share_of_crossings_outside_of_0_to_1_is_refused():
    with pytest.raises(ValueError, match=r"across_frac is 1\.2"):
        Network(across_frac=1.2)


def test_a_cached_prefix_is_not_computed_but_travels_and_fills_memory():
    world = world_of(equal(10, 10.0), Pair(1, 1), prefix_hit_frac=0.5)
    world.run_until(95.0)
    a, b, c = ENGINE.prefill_s
    read_s = a + b * 4000 + c * (8000**2 - 4000**2)
    assert world.results.ttft_s()[0] == pytest.approx(read_s + Link().transfer_s(8000 * ENGINE.kv_bytes_per_token))
    read, written = world.counters(Role.PREFILL), world.counters(Role.DECODE)
    assert (read.tokens[0], read.cached_tokens[0]) == (40_000, 40_000)
    assert written.cached_tokens[0] == 80_000


@pytest.mark.parametrize("frac", [-0.1, 1.0])
def test_a_hit_ratio_that_cannot_be_is_refused(frac: float):
    with pytest.raises(ValueError, match="prefix_hit_frac"):
        world_of(equal(1, 1.0), Pair(1, 1), prefix_hit_frac=frac)


def test_a_request_that_fits_into_no_replica_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match="request 0: 8000 \\+ 100 tokens never fit into the 8,000 tokens"):
        world_of(equal(1, 1.0), Pair(1, 1), decode=replace(ENGINE, kv_tokens_max=8000))


def test_round_robin_takes_turns_whatever_the_replicas_hold():
    world = world_of(equal(9, 5.0, answer=51), Pair(3, 3), routing=Routing.ROUND_ROBIN)
    world.finish()
    assert world.counters(Role.PREFILL).prompts.tolist() == [3, 3, 3]
    assert world.counters(Role.DECODE).prompts.tolist() == [3, 3, 3]


def test_least_work_keeps_to_the_first_while_it_is_idle():
    world = world_of(equal(9, 5.0, answer=51), Pair(3, 3), routing=Routing.LEAST_WORK)
    world.finish()
    assert world.counters(Role.PREFILL).prompts.tolist() == [9, 0, 0]


def test_a_decode_replica_is_busy_whenever_it_holds_anybody_and_its_multiprocessors_are_not():
    """One long answer after the other: utilisation near 1, SM activity near its floor."""
    world = world_of(equal(60, 10.0, answer=900), Pair(1, 1))
    world.run_until(600.0)
    busy_s, active_s = world.busy_s(Role.DECODE), world.sm_active_s(Role.DECODE)
    assert busy_s / world.serving_s(Role.DECODE) > 0.85
    assert DECODE_SM_FLOOR_FRAC < active_s / busy_s < DECODE_SM_FLOOR_FRAC + 0.05


def test_a_prefill_rank_is_busy_while_it_reads():
    for ranks in (1, 4):
        engine = replace(ENGINE, prefill_ranks=ranks)
        world = world_of(equal(100, 1.0), Pair(1, 1), prefill=engine)
        world.run_until(100.0)
        expected_s = 100 * ENGINE.prefill_duration_s(8000) / ranks
        assert world.busy_s(Role.PREFILL) == pytest.approx(expected_s, rel=1e-9)
        assert world.sm_active_s(Role.PREFILL) == pytest.approx(PREFILL_SM_FRAC * expected_s, rel=1e-9)


def test_what_a_replica_did_is_kept_when_it_is_gone():
    world = world_of(equal(100, 1.0), Pair(2, 2))
    world.run_until(150.0)
    before = [world.busy_s(role) for role in Role]
    for role in Role:
        world.resize(role, 0)
    world.run_until(160.0)
    assert len(world.counters(Role.PREFILL).number) == 0
    assert [world.busy_s(role) for role in Role] == pytest.approx(before)
    assert world.serving_s(Role.DECODE) == pytest.approx(300.0)
