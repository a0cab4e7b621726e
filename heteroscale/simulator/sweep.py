"""The P/D ratio experiment (HeteroScale 6.1): every split of a fixed number of replicas, and what each can carry.

A split carries a load when enough requests of it meet both targets; the most it carries is found by bisection in the
world itself. With too few prefill replicas the first token is late, with too many the tokens are: in between lies the
best ratio. It must never know of scaling: nothing changes while a load is carried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.pair import ROLES, Pair, Role
from heteroscale.simulator.arrivals import LoadShape, Requests, cut_into_requests
from heteroscale.simulator.engines import EnginePair
from heteroscale.simulator.trace import RateTrace
from heteroscale.simulator.world.fast_world import FastWorld
from heteroscale.simulator.world.result import Slo

DURATION_S = 600.0
WARM_UP_S = 120.0
ROUNDS = 11
"""Of bisection: the answer is good to 1/2048 of the engines' ceiling, far within the seed's luck."""

BARELY_TOO_MUCH = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Poisson arrivals of requests with lognormal lengths around two means, and what they are promised.

    attained_frac: share of the requests that must meet both targets. sigma: of both lengths; 0: all equal.
    """

    prompt_tokens_mean: float
    output_tokens_mean: float
    slo: Slo
    attained_frac: float = 0.99
    sigma: float = 0.2
    seed: int = 1

    @property
    def shape(self) -> LoadShape:
        """The lengths, as loads are cut."""
        return LoadShape(
            scale=1.0,
            prompt_tokens_mean=self.prompt_tokens_mean,
            prompt_sigma=self.sigma,
            output_sigma=self.sigma,
            prompt_tokens_max=8 * self.prompt_tokens_mean,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split at the most it carries. Utilisation as the share of time in which a kernel ran.

    breaks: the latency that is missed first with 5 % more, `ttft` or `tbt`.
    """

    pair: Pair
    requests_per_s: float
    prefill_tps: float
    decode_tps: float
    prefill_util: float
    decode_util: float
    breaks: str


Watch = Callable[[int, int], None]
"""Splits done, splits in all."""


def splits(units: int) -> tuple[Pair, ...]:
    """All pairs of `units` replicas with at least one of each role. Raises ValueError for fewer than three units."""
    if units < 3:
        raise ValueError(f"{units} units cannot be split in more than one way; take at least 3")
    return tuple(Pair(prefill, units - prefill) for prefill in range(1, units))


def ratio_sweep(
    engines: EnginePair, workload: Workload, units: int, *, watch: Watch | None = None
) -> tuple[Split, ...]:
    """What each split carries, in the order of its prefill replicas. Raises ValueError for fewer than three units."""
    found = []
    pairs = splits(units)
    for done, pair in enumerate(pairs, 1):
        found.append(_split(engines, workload, pair))
        if watch is not None:
            watch(done, len(pairs))
    return tuple(found)


def best(found: Sequence[Split]) -> Split:
    """The split that carries most; of equals the one with fewer prefill replicas."""
    return max(found, key=lambda one: (one.requests_per_s, -one.pair.prefill))


def ceiling_rps(engines: EnginePair, workload: Workload, pair: Pair) -> float:
    """More requests/s than the pair could ever carry: prompts back to back, or steps with the memory full."""
    prompt, answer = workload.prompt_tokens_mean, workload.output_tokens_mean
    reads_rps = pair.prefill * engines.prefill.prefill_ranks / engines.prefill.prefill_duration_s(prompt)
    running = engines.decode.kv_tokens_max / (prompt + answer / 2)
    step_s = engines.decode.step_duration_s(running, engines.decode.kv_tokens_max)
    return min(reads_rps, pair.decode * running / step_s / answer)


def steady_requests(workload: Workload, requests_per_s: float = 1.0) -> Requests:
    """Ten minutes of the workload at one rate."""
    input_tps = requests_per_s * workload.prompt_tokens_mean
    output_tps = requests_per_s * workload.output_tokens_mean
    steady = RateTrace(DURATION_S, (0.0, DURATION_S), (input_tps,) * 2, (output_tps,) * 2)
    return cut_into_requests(steady, workload.shape, from_s=0.0, until_s=DURATION_S)


@dataclass(frozen=True, slots=True)
class _Seen:
    ttft_frac: float
    tbt_frac: float
    both_frac: float
    util: Mapping[Role, float]


def _split(engines: EnginePair, workload: Workload, pair: Pair) -> Split:
    low, high = 0.0, ceiling_rps(engines, workload, pair)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        enough = _seen(engines, workload, pair, middle).both_frac >= workload.attained_frac
        low, high = (middle, high) if enough else (low, middle)
    util = _seen(engines, workload, pair, low).util if low else dict.fromkeys(ROLES, 0.0)
    over = _seen(engines, workload, pair, BARELY_TOO_MUCH * high)
    return Split(
        pair=pair,
        requests_per_s=low,
        prefill_tps=low * workload.prompt_tokens_mean,
        decode_tps=low * workload.output_tokens_mean,
        prefill_util=util[Role.PREFILL],
        decode_util=util[Role.DECODE],
        breaks="ttft" if over.ttft_frac < over.tbt_frac else "tbt",
    )


def _seen(engines: EnginePair, workload: Workload, pair: Pair, requests_per_s: float) -> _Seen:
    requests = steady_requests(workload, requests_per_s)
    world = FastWorld(requests=requests, prefill=engines.prefill, decode=engines.decode, replicas=pair)
    world.run_until(DURATION_S)
    util = {role: world.busy_s(role) / world.serving_s(role) for role in ROLES}
    world.finish()
    counted = requests.arrival_s >= WARM_UP_S
    if not counted.any():
        return _Seen(1.0, 1.0, 1.0, util)
    ttft = world.results.ttft_s()[counted] <= workload.slo.ttft_s
    tbt = world.results.tbt_s()[counted] <= workload.slo.tbt_s
    return _Seen(float(np.mean(ttft)), float(np.mean(tbt)), float(np.mean(ttft & tbt)), util)
