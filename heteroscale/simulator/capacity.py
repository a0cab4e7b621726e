"""What one replica carries within its SLO, measured in the world itself: the pressure test in its simplest form.

The pool of the role under test is small and loaded evenly, the other one is so large that it is never the reason; the
load is raised by bisection until too few requests meet the role's own target.
"""

from __future__ import annotations

import numpy as np

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import LoadShape, cut_into_requests
from heteroscale.simulator.trace import RateTrace
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.result import Slo
from heteroscale.simulator.world.world import World

DURATION_S = 1800.0
WARM_UP_S = 300.0
ROUNDS = 12
OTHER_POOL_FACTOR = 8


def capacity_tps(
    role: Role,
    *,
    engine: Engine,
    slo: Slo,
    shape: LoadShape,
    output_tokens_mean: float,
    replicas: int = 4,
    attained_frac: float = 0.99,
) -> float:
    """Tokens/s per replica of the role (prompt tokens read, or tokens written) at which `attained_frac` still holds.

    Counted are the requests that arrive after a warm-up of 300 s, over half an hour; the load is Poisson with the
    shape's lengths. The answer is good to about 2 %, from the seed's luck at the edge.
    """
    per_request = shape.prompt_tokens_mean if role is Role.PREFILL else output_tokens_mean
    low, high = 0.0, _ceiling_tps(role, engine, shape, output_tokens_mean)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        requests_per_s = middle / per_request * replicas
        met = _attained(role, engine, slo, shape, output_tokens_mean, replicas, requests_per_s)
        low, high = (middle, high) if met >= attained_frac else (low, middle)
    return low


def _ceiling_tps(role: Role, engine: Engine, shape: LoadShape, output_tokens_mean: float) -> float:
    """More than a replica could ever do: prompts back to back, or steps with the memory full."""
    prompt = shape.prompt_tokens_mean
    if role is Role.PREFILL:
        return prompt / engine.prefill_duration_s(prompt)
    running = engine.kv_tokens_max / (prompt + output_tokens_mean / 2)
    return running / engine.step_duration_s(running, engine.kv_tokens_max)


def _attained(
    role: Role,
    engine: Engine,
    slo: Slo,
    shape: LoadShape,
    output_tokens_mean: float,
    replicas: int,
    requests_per_s: float,
) -> float:
    input_tps = requests_per_s * shape.prompt_tokens_mean / shape.scale
    output_tps = requests_per_s * output_tokens_mean / shape.scale
    steady = RateTrace(DURATION_S, (0.0, DURATION_S), (input_tps,) * 2, (output_tps,) * 2)
    requests = cut_into_requests(steady, shape, from_s=0.0, until_s=DURATION_S)
    other = replicas * OTHER_POOL_FACTOR
    pair = Pair(replicas, other) if role is Role.PREFILL else Pair(other, replicas)
    world = World(requests=requests, prefill=engine, decode=engine, replicas=pair)
    world.run_until(DURATION_S)
    world.finish()
    counted = requests.arrival_s >= WARM_UP_S
    if not counted.any():
        return 1.0
    results = world.results
    within = results.ttft_s() <= slo.ttft_s if role is Role.PREFILL else results.tbt_s() <= slo.tbt_s
    return float(np.mean(within[counted]))
