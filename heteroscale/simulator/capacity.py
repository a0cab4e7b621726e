"""What one replica carries within its SLO, measured in the world itself: the pressure test in its simplest form.

The pool of the role under test is small and loaded evenly, the other one is so large that it is never the reason; the
load is raised by bisection until too few requests meet the role's own target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.pair import Pair, Role
from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.trace import RateTrace
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.fast_world import FastWorld
from heteroscale.simulator.world.result import Slo

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
    other: Engine | None = None,
) -> float:
    """Tokens/s per replica of the role (prompt tokens read, or tokens written) at which `attained_frac` still holds.

    Counted are the requests that arrive after a warm-up of 300 s, over half an hour; the load is Poisson with the
    shape's lengths. The answer is good to about 2 %, from the seed's luck at the edge. Raises ValueError for a shape
    without a mean of its own. other: the other role's engine; None: the same.
    """
    trial = _Trial(role, engine, other or engine, slo, shape, _mean(shape), output_tokens_mean, replicas)
    low, high = 0.0, trial.ceiling_tps()
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if trial.attained_frac(middle) >= attained_frac else (low, middle)
    return low


def _mean(shape: LoadShape) -> float:
    if shape.prompt_tokens_mean is None:
        raise ValueError("a capacity is measured with prompts of a stated mean; set prompt_tokens_mean")
    return shape.prompt_tokens_mean


@dataclass(frozen=True, slots=True)
class _Trial:
    """Everything but the load."""

    role: Role
    engine: Engine
    other: Engine
    slo: Slo
    shape: LoadShape
    prompt_tokens_mean: float
    output_tokens_mean: float
    replicas: int

    def ceiling_tps(self) -> float:
        """More than a replica could ever do: prompts back to back, or steps with the memory full."""
        prompt, engine = self.prompt_tokens_mean, self.engine
        if self.role is Role.PREFILL:
            return engine.prefill_ranks * prompt / engine.prefill_duration_s(prompt)
        running = engine.kv_tokens_max / (prompt + self.output_tokens_mean / 2)
        return running / engine.step_duration_s(running, engine.kv_tokens_max)

    def attained_frac(self, tps_per_replica: float) -> float:
        """Share of the requests within the role's own target at this load."""
        requests = self._requests(tps_per_replica)
        others = self.replicas * OTHER_POOL_FACTOR
        pair = Pair(self.replicas, others) if self.role is Role.PREFILL else Pair(others, self.replicas)
        prefill, decode = (self.engine, self.other) if self.role is Role.PREFILL else (self.other, self.engine)
        world = FastWorld(requests=requests, prefill=prefill, decode=decode, replicas=pair)
        world.run_until(DURATION_S)
        world.finish()
        counted = requests.arrival_s >= WARM_UP_S
        if not counted.any():
            return 1.0
        results, slo = world.results, self.slo
        within = results.ttft_s() <= slo.ttft_s if self.role is Role.PREFILL else results.tbt_s() <= slo.tbt_s
        return float(np.mean(within[counted]))

    def _requests(self, tps_per_replica: float) -> Requests:
        per_request = self.prompt_tokens_mean if self.role is Role.PREFILL else self.output_tokens_mean
        requests_per_s = tps_per_replica / per_request * self.replicas / self.shape.scale
        steady = RateTrace(
            DURATION_S,
            (0.0, DURATION_S),
            (requests_per_s * self.prompt_tokens_mean,) * 2,
            (requests_per_s * self.output_tokens_mean,) * 2,
        )
        return cut_into_requests(steady, self.shape, from_s=0.0, until_s=DURATION_S)
