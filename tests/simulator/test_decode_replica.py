"""The replica jumps from event to event; the reference here walks step by step."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from heteroscale.simulator.engines import LLAMA_70B_H100_TP4
from heteroscale.simulator.world.decode_replica import DecodeReplica
from heteroscale.simulator.world.engine import Engine

ENGINE = LLAMA_70B_H100_TP4
Arrival = tuple[float, int, int]  # at, prompt tokens, tokens to write


def walked(engine: Engine, arrivals: list[Arrival]) -> tuple[list[float], list[float]]:
    """When each request is complete, and every gap between tokens, one step at a time."""
    ends, gaps = [math.nan] * len(arrivals), []
    waiting, running = list(range(len(arrivals))), dict[int, int]()
    now_s, last_token = 0.0, [at_s for at_s, _, _ in arrivals]
    context, reserved = 0, 0
    while waiting or running:
        if not running:
            now_s = max(now_s, arrivals[waiting[0]][0])
        while waiting and arrivals[waiting[0]][0] <= now_s:
            _, prompt, to_write = arrivals[waiting[0]]
            if reserved + prompt + to_write > engine.kv_tokens_max:
                break
            running[waiting.pop(0)] = to_write
            context += prompt
            reserved += prompt + to_write
        now_s += engine.step_duration_s(len(running), context)
        context += len(running)
        for request in list(running):
            gaps.append(now_s - last_token[request])
            last_token[request] = now_s
            running[request] -= 1
            if running[request] == 0:
                del running[request]
                ends[request] = now_s
                context -= arrivals[request][1] + arrivals[request][2]
                reserved -= arrivals[request][1] + arrivals[request][2]
    return ends, gaps


def jumped(engine: Engine, arrivals: list[Arrival], *, look_every_s: float) -> tuple[list[float], DecodeReplica]:
    ends = [math.nan] * len(arrivals)
    replica = DecodeReplica(engine, 0.0, ends)
    looked_s = 0.0
    for request, (at_s, prompt, to_write) in enumerate(arrivals):
        while looked_s + look_every_s < at_s:
            looked_s += look_every_s
            replica.advance(looked_s)
        replica.submit(at_s, request, at_s, prompt, to_write)
    while not replica.idle:
        looked_s += look_every_s
        replica.advance(looked_s)
    return ends, replica


def drawn(count: int, seed: int, *, gap_s: float) -> list[Arrival]:
    generator = random.Random(seed)
    at_s, arrivals = 0.0, []
    for _ in range(count):
        at_s += generator.expovariate(1 / gap_s)
        arrivals.append((at_s, generator.randint(500, 16_000), generator.randint(1, 900)))
    return arrivals


def test_one_request_alone_takes_the_time_of_the_equation():
    ends, _ = jumped(ENGINE, [(5.0, 8000, 100)], look_every_s=1.0)
    d0, d1, d2 = ENGINE.step_s
    assert ends[0] - 5.0 == pytest.approx(sum(d0 + d1 + d2 * (8000 + k) for k in range(100)), abs=1e-9)


@pytest.mark.parametrize("kv_tokens_max", [ENGINE.kv_tokens_max, 60_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_jumping_from_event_to_event_ends_where_walking_does(kv_tokens_max: int, seed: int):
    engine = replace(ENGINE, kv_tokens_max=kv_tokens_max)
    arrivals = drawn(60, seed, gap_s=0.4)
    expected, gaps = walked(engine, arrivals)
    ends, replica = jumped(engine, arrivals, look_every_s=0.37)
    assert ends == pytest.approx(expected, abs=1e-6)
    assert replica.inter_token.total == pytest.approx(sum(gaps), rel=1e-9)
    for bound, below in zip(replica.inter_token.bounds, replica.inter_token.counts, strict=False):
        gaps_below = sum(gap <= bound for gap in gaps)
        gaps = [gap for gap in gaps if gap > bound]
        assert abs(gaps_below - below) <= 1


def test_looking_at_a_replica_changes_nothing():
    arrivals = drawn(40, 7, gap_s=0.3)
    often, _ = jumped(ENGINE, arrivals, look_every_s=0.01)
    seldom, _ = jumped(ENGINE, arrivals, look_every_s=30.0)
    assert often == pytest.approx(seldom, abs=1e-6)


def test_every_token_is_counted_once():
    arrivals = drawn(50, 4, gap_s=0.2)
    _, replica = jumped(ENGINE, arrivals, look_every_s=0.5)
    written = sum(to_write for _, _, to_write in arrivals)
    assert replica.generated_tokens == written
    assert sum(replica.inter_token.counts) == written
    assert sum(replica.per_request.counts) == len(arrivals)
    assert replica.received_tokens == sum(prompt for _, prompt, _ in arrivals)
    assert (replica.context_tokens, replica.running, replica.requests) == (0, 0, 0)


def test_a_request_waits_for_memory_and_its_wait_is_in_its_time_between_tokens():
    engine = replace(ENGINE, kv_tokens_max=10_000)
    ends: list[float] = [math.nan] * 2
    replica = DecodeReplica(engine, 0.0, ends)
    replica.submit(0.0, 0, 0.0, 8000, 1000)
    replica.submit(0.1, 1, 0.1, 8000, 10)
    assert (replica.running, replica.waiting()) == (1, 1)
    replica.advance(60.0)
    assert ends[1] > ends[0] > 10.0
    assert replica.per_request.total == pytest.approx(ends[0] / 1000 + (ends[1] - 0.1) / 10)


def test_a_context_that_no_replica_could_hold_is_refused():
    replica = DecodeReplica(replace(ENGINE, kv_tokens_max=1000), 0.0, [math.nan])
    with pytest.raises(ValueError, match="never fit"):
        replica.submit(0.0, 0, 0.0, 900, 101)
