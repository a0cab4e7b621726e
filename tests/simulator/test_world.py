from __future__ import annotations

import numpy as np
import pytest

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator import exposition
from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.engines import LLAMA_70B_H100_TP4 as ENGINE
from heteroscale.simulator.trace import RateTrace
from heteroscale.simulator.world.engine import Link
from heteroscale.simulator.world.result import Slo
from heteroscale.simulator.world.world import StartUp, World


def requests_of(*rows: tuple[float, int, int]) -> Requests:
    at_s, prompts, answers = zip(*rows, strict=True)
    return Requests(np.array(at_s), np.array(prompts), np.array(answers))


def busy(seed: int = 1) -> Requests:
    trace = RateTrace(600.0, (0.0, 600.0), (40_000.0, 60_000.0), (5_000.0, 9_000.0))
    return cut_into_requests(trace, LoadShape(scale=1.0, seed=seed), from_s=0.0, until_s=1200.0)


def world_of(requests: Requests, replicas: Pair, start_up: StartUp | None = None) -> World:
    return World(requests=requests, prefill=ENGINE, decode=ENGINE, replicas=replicas, start_up=start_up)


def restless(world: World) -> None:
    """Twenty minutes with a scale action every two."""
    for minute, (prefill, decode) in enumerate(
        [(5, 6), (7, 8), (4, 5), (6, 7), (3, 4), (8, 3), (4, 9), (5, 5), (4, 4), (6, 6)]
    ):
        world.run_until(120.0 * (minute + 1))
        world.resize(Role.PREFILL, prefill)
        world.resize(Role.DECODE, decode)


def test_one_request_through_an_idle_world_takes_exactly_the_time_of_the_equations():
    world = world_of(requests_of((7.0, 8000, 501)), Pair(2, 2))
    world.finish()
    transfer_s = Link().transfer_s(8000 * ENGINE.kv_bytes_per_token)
    ttft_s = ENGINE.prefill_duration_s(8000) + transfer_s
    steps_s = sum(ENGINE.step_duration_s(1, 8000 + k) for k in range(500))
    assert world.results.ttft_s()[0] == pytest.approx(ttft_s, abs=1e-9)
    assert world.results.tbt_s()[0] == pytest.approx(steps_s / 500, abs=1e-9)


def test_an_answer_of_one_token_needs_no_decode():
    world = world_of(requests_of((1.0, 1000, 1)), Pair(1, 1))
    world.finish()
    assert world.results.tbt_s()[0] == 0
    assert world.idle


def test_two_prompts_at_once_go_to_two_replicas():
    world = world_of(requests_of((1.0, 8000, 100), (1.0, 8000, 100)), Pair(2, 2))
    world.finish()
    assert world.results.ttft_s()[0] == pytest.approx(world.results.ttft_s()[1])


def test_tokens_in_are_tokens_out():
    requests = busy()
    world = world_of(requests, Pair(6, 6))
    world.run_until(1200.0)
    world.finish()
    read = sum(member.engine.prompt_tokens for member in world.prefill.members)
    first = sum(member.engine.prompts for member in world.prefill.members)
    rest = sum(member.engine.generated_tokens for member in world.decode.members)
    assert world.results.finished() == len(requests)
    assert read == requests.prompt_tokens.sum()
    assert first + rest == requests.output_tokens.sum()


def test_scaling_up_and_down_loses_no_request():
    requests = busy()
    world = world_of(requests, Pair(4, 4))
    restless(world)
    world.finish()
    assert world.results.finished() == len(requests)
    assert (world.results.ttft_s() > 0).all()
    assert world.idle


def test_the_same_seed_gives_the_same_bytes():
    def outcome() -> tuple[bytes, bytes, float]:
        world = world_of(busy(), Pair(4, 4), start_up=StartUp(seed=5))
        restless(world)
        hours = world.gpu_hours()
        world.finish()
        return world.results.ttft_s().tobytes(), world.results.tbt_s().tobytes(), hours

    assert outcome() == outcome()


def test_how_often_the_world_is_looked_at_changes_nothing():
    seldom, often = (world_of(busy(), Pair(5, 5)) for _ in range(2))
    seldom.run_until(1200.0)
    for tenth in range(1, 12_001):
        often.run_until(tenth / 10)
    seldom.finish()
    often.finish()
    assert seldom.results.ttft_s() == pytest.approx(often.results.ttft_s(), abs=1e-6)
    assert seldom.results.tbt_s() == pytest.approx(often.results.tbt_s(), abs=1e-6)


def test_requests_wait_at_the_door_until_a_replica_is_ready():
    world = world_of(requests_of((1.0, 8000, 10)), Pair(0, 1), start_up=StartUp(mean_s=50.0, jitter_s=0.0))
    world.resize(Role.PREFILL, 1)
    world.run_until(49.0)
    assert world.waiting_outside == Pair(1, 0)
    world.run_until(60.0)
    assert world.waiting_outside == Pair(0, 0)
    assert world.results.ttft_s()[0] > 49.0


def test_start_up_times_lie_within_their_jitter_and_differ_between_replicas():
    start_up = StartUp(mean_s=120.0, jitter_s=15.0, seed=3)
    times = {start_up.of(role, number) for role in Role for number in range(50)}
    assert len(times) == 100
    assert min(times) >= 105
    assert max(times) <= 135


def test_a_constant_fleet_is_billed_for_all_its_time():
    world = world_of(busy(), Pair(3, 5))
    world.run_until(1800.0)
    assert world.gpu_hours() == pytest.approx((3 + 5) * ENGINE.gpus / 2)


def test_a_request_that_never_finished_did_not_meet_its_slo():
    world = world_of(requests_of((1.0, 8000, 10), (100.0, 8000, 10_000)), Pair(1, 1))
    world.run_until(110.0)
    assert world.results.within_slo_frac(Slo(2.5, 0.025)) == 0.5


def test_what_is_shown_of_a_replica_adds_up():
    world = world_of(busy(), Pair(4, 4))
    world.run_until(600.0)
    text = exposition.decode_text(world.decode.members[0].engine)
    values = dict(row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#"))
    labels = 'engine="0",model_name="llama-3.1-70b"'
    tokens = float(values[f"vllm:generation_tokens_total{{{labels}}}"])
    assert tokens == float(values[f"vllm:inter_token_latency_seconds_count{{{labels}}}"]) > 0
    assert f'vllm:inter_token_latency_seconds_bucket{{{labels},le="0.025"}}' in values
    assert float(values[f'vllm:prompt_tokens_by_source_total{{{labels},source="local_compute"}}']) == 0
