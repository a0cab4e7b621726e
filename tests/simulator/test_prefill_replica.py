import random

import pytest

from heteroscale.simulator.engines import LLAMA_70B_H100_TP4 as ENGINE
from heteroscale.simulator.world.prefill_replica import PrefillReplica


def test_an_idle_replica_takes_the_time_of_the_equation_and_the_transfer():
    replica = PrefillReplica(ENGINE, 0.0)
    first_token_s = replica.submit(10.0, 10.0, 8000, 0.034)
    a, b, c = ENGINE.prefill_s
    assert first_token_s - 10.0 == pytest.approx(a + b * 8000 + c * 8000**2 + 0.034)


def test_prompts_are_read_one_at_a_time_in_order():
    replica = PrefillReplica(ENGINE, 0.0)
    one = replica.submit(0.0, 0.0, 8000, 0.0)
    two = replica.submit(0.1, 0.1, 2000, 0.0)
    assert two == pytest.approx(one + ENGINE.prefill_duration_s(2000))
    assert (replica.running(0.2), replica.waiting(0.2)) == (1, 1)


def test_a_prompt_counts_when_it_has_been_read_and_not_before():
    replica = PrefillReplica(ENGINE, 0.0)
    end_s = replica.submit(0.0, 0.0, 8000, 0.0)
    replica.advance(end_s - 0.001)
    assert replica.prompt_tokens == 0
    replica.advance(end_s)
    assert (replica.prompt_tokens, replica.prompts, sum(replica.ttft.counts)) == (8000, 1, 1)
    assert replica.idle


@pytest.mark.parametrize("utilisation", [0.3, 0.5, 0.7, 0.85])
def test_equal_prompts_arriving_at_random_wait_as_long_as_queueing_theory_says(utilisation: float):
    """M/D/1: mean wait = service * utilisation / (2 * (1 - utilisation))."""
    service_s = ENGINE.prefill_duration_s(8000)
    generator, replica, now_s, waited_s, count = random.Random(3), PrefillReplica(ENGINE, 0.0), 0.0, 0.0, 400_000
    for _ in range(count):
        now_s += generator.expovariate(utilisation / service_s)
        waited_s += replica.submit(now_s, now_s, 8000, 0.0) - now_s - service_s
        replica.advance(now_s)
    assert waited_s / count == pytest.approx(service_s * utilisation / (2 * (1 - utilisation)), rel=0.02)
