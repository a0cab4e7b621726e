"""The compiled world is held to the reference: not within some percent, but bit for bit.

That is more than its users need (3 % on the percentiles, which the last test states too), and easier to keep: any
difference at all is a mistake.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.engines import ENGINES
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4 as ENGINE
from heteroscale.simulator.trace import AZURE_HOUR, M_SMALL_DAY_1, R1_DAY, shipped_trace
from heteroscale.simulator.world.fast_world import FastWorld
from heteroscale.simulator.world.interface import RoleCounters, SimulatedWorld
from heteroscale.simulator.world.network import Network
from heteroscale.simulator.world.start_up import StartUp
from heteroscale.simulator.world.world import World

R1 = ENGINES["deepseek-r1-h200-dp16ep16"]
SMALL_MEMORY = replace(ENGINE, kv_tokens_max=60_000)
WHIMS = [(5, 6), (7, 8), (4, 5), (6, 7), (0, 4), (8, 3), (4, 0), (25, 40), (3, 3), (6, 6)]

Worlds = tuple[SimulatedWorld, SimulatedWorld]


def both(requests: Requests, replicas: Pair, **settings: Any) -> Worlds:
    settings = {"prefill": ENGINE, "decode": ENGINE} | settings
    return tuple(kind(requests=requests, replicas=replicas, **settings) for kind in (World, FastWorld))  # type: ignore[return-value]


def load(seed: int = 1, minutes: float = 20.0) -> Requests:
    trace = shipped_trace(M_SMALL_DAY_1)
    return cut_into_requests(trace, LoadShape(scale=0.5, seed=seed), from_s=30_000.0, until_s=30_000.0 + 60 * minutes)


def play(worlds: Worlds, whims: list[tuple[int, int]], every_s: float = 120.0) -> None:
    """Scale at the moments' whim, and compare whatever can be seen each time."""
    for number, (prefill, decode) in enumerate(whims, start=1):
        for world in worlds:
            world.run_until(every_s * (number - 0.5))
            world.run_until(every_s * number)
            world.resize(Role.PREFILL, prefill)
            world.resize(Role.DECODE, decode)
        assert seen(worlds[0]) == seen(worlds[1])
        for role in Role:
            assert_equal(worlds[0].counters(role), worlds[1].counters(role))
            assert worlds[1].busy_s(role) == pytest.approx(worlds[0].busy_s(role), rel=1e-12)
            assert worlds[1].sm_active_s(role) == pytest.approx(worlds[0].sm_active_s(role), rel=1e-12)


def seen(world: SimulatedWorld) -> tuple[Pair, Pair, Pair, float, float, float]:
    serving_s = [world.serving_s(role) for role in Role]
    return world.wanted, world.ready, world.waiting_outside, world.gpu_hours(), serving_s[0], serving_s[1]


def assert_equal(one: RoleCounters, other: RoleCounters) -> None:
    for field in fields(RoleCounters):
        left, right = getattr(one, field.name), getattr(other, field.name)
        assert left.dtype == right.dtype
        assert np.array_equal(left, right), f"{field.name}: {left} and {right}"


def assert_same_fate(worlds: Worlds, finished: int | None = None) -> None:
    for world in worlds:
        world.finish()
    reference, fast = (world.results for world in worlds)
    assert np.array_equal(reference.ttft_s(), fast.ttft_s(), equal_nan=True)
    assert np.array_equal(reference.tbt_s(), fast.tbt_s(), equal_nan=True)
    assert worlds[0].idle == worlds[1].idle
    assert reference.finished() == fast.finished() == (len(reference.ttft_s()) if finished is None else finished)


@pytest.mark.parametrize("seed", range(1, 4))
def test_every_request_has_the_same_times_through_all_scaling(seed: int):
    worlds = both(load(seed), Pair(4, 4), start_up=StartUp(seed=seed))
    play(worlds, WHIMS)
    assert_same_fate(worlds)


@pytest.mark.parametrize(
    "settings",
    [
        {"routing": "round_robin"},
        {"prefix_hit_frac": 0.4},
        {"network": Network(across_frac=0.3)},
        {"start_up": StartUp(crash_frac=0.4, stuck_frac=0.1)},
        {"decode": SMALL_MEMORY},
        {"decode": SMALL_MEMORY, "routing": "round_robin"},
        {"prefill": R1, "decode": R1},
        {"prefill": replace(ENGINE, prefill_ranks=3), "decode": ENGINES["llama-3.1-70b-h200-tp4"]},
    ],
    ids=str,
)
def test_every_feature_is_the_same_in_both(settings: dict[str, Any]):
    worlds = both(load(minutes=14), Pair(4, 4), **settings)
    play(worlds, WHIMS[:7])
    for world in worlds:
        world.resize(Role.DECODE, 30)
    assert_same_fate(worlds)


def test_a_batch_larger_than_any_before_finds_room():
    """Some 2,000 requests at once on one decode replica: its heap has to grow, more than once, in the middle."""
    count = 2000
    requests = Requests(np.linspace(0, 1, count), np.full(count, 500), np.full(count, 300))
    worlds = both(requests, Pair(8, 1), prefill=R1, decode=replace(ENGINE, kv_tokens_max=5_000_000))
    assert_same_fate(worlds)


def test_requests_wait_outside_of_an_empty_pool_and_find_room_when_it_opens():
    """As many as never fit into the arrays that a world begins with."""
    count = 300
    requests = Requests(np.linspace(0, 1, count), np.full(count, 100), np.full(count, 50))
    worlds = both(requests, Pair(1, 0))
    for world in worlds:
        world.resize(Role.DECODE, 1)
        world.run_until(60.0)
    assert seen(worlds[0]) == seen(worlds[1])
    assert worlds[1].waiting_outside == Pair(0, count)
    assert_same_fate(worlds)


def test_a_day_without_requests_passes():
    nobody = Requests(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    worlds = both(nobody, Pair(2, 2))
    play(worlds, WHIMS)
    assert_same_fate(worlds)


def test_the_same_seed_gives_the_same_bytes():
    def outcome() -> tuple[bytes, bytes]:
        world = FastWorld(requests=load(5), prefill=ENGINE, decode=ENGINE, replicas=Pair(12, 12))
        world.finish()
        return world.results.ttft_s().tobytes(), world.results.tbt_s().tobytes()

    assert outcome() == outcome()


@pytest.mark.parametrize(
    ("trace", "shape", "from_s", "pair"),
    [
        (M_SMALL_DAY_1, LoadShape(scale=0.2), 36_000.0, Pair(5, 4)),
        (R1_DAY, LoadShape(scale=0.5, prompt_tokens_mean=None, arrival_cv=3.0), 50_000.0, Pair(2, 5)),
        (AZURE_HOUR, LoadShape(scale=5.0, prompt_tokens_mean=None), 0.0, Pair(4, 3)),
    ],
)
def test_percentiles_on_three_recorded_loads_are_those_of_the_reference(
    trace: str, shape: LoadShape, from_s: float, pair: Pair
):
    for seed in range(10):
        seeded = replace(shape, seed=seed)
        requests = cut_into_requests(shipped_trace(trace), seeded, from_s=from_s, until_s=from_s + 300.0)
        worlds = both(requests, pair)
        for world in worlds:
            world.finish()
        for percentile in (50, 90, 99):
            for measure in ("ttft_s", "tbt_s"):
                expected, got = (np.percentile(getattr(world.results, measure)(), percentile) for world in worlds)
                assert got == pytest.approx(expected, rel=0.03)
