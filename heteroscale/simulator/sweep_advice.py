"""From what one replica of each role carries to what goes into the service: target, ratio, and the ratio's mode.

The paper's pressure test (HeteroScale, Algorithm 1) fixes one ratio for one mix of prompt and answer. Where the mix
drifts over the hours, one ratio is wrong most of the time: then the measured mode is advised, and its band.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from disaggregated_service.core.load_spec import TARGET_OF_CAPACITY_FRAC
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import FixedRatio, MeasuredRatio
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.capacity import capacity_tps
from heteroscale.simulator.engines import EnginePair
from heteroscale.simulator.sweep import Workload

TOLERANCE = FixedRatio(prefill=1, decode=1).tolerance
PARTS_MAX = 12
"""Of a ratio: with larger parts the smallest whole pair would be a fleet."""

DRIFT_BIN_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Prefill replicas needed for each decode replica, over ten-minute stretches of a load: percentiles."""

    p1: float
    p5: float
    p50: float
    p95: float
    p99: float

    @property
    def factor(self) -> float:
        """How far the need wanders: the 95th over the 5th percentile."""
        return self.p95 / self.p5


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """capacity_tps: of one replica at the SLO, prompt tokens or written ones. drift: None where no load was given."""

    capacity_tps: Mapping[Role, float]
    ratio: FixedRatio | MeasuredRatio
    drift: Drift | None

    def target_tps(self, role: Role) -> float:
        """What one replica should carry."""
        return TARGET_OF_CAPACITY_FRAC * self.capacity_tps[role]


def capacities(engines: EnginePair, workload: Workload, pair: Pair) -> Mapping[Role, float]:
    """Tokens/s of one replica of each role within its own target, the other pool never being the reason.

    Measured in pools of the pair's sizes: many replicas share the bursts that a few cannot, and near a tight target of
    the first token that is a quarter of what each can carry.
    """
    engine_of = {Role.PREFILL: engines.prefill, Role.DECODE: engines.decode}
    return {
        role: capacity_tps(
            role,
            engine=engine_of[role],
            other=engine_of[role.other],
            slo=workload.slo,
            shape=workload.shape,
            output_tokens_mean=workload.output_tokens_mean,
            replicas=pair.of(role),
            attained_frac=workload.attained_frac,
        )
        for role in ROLES
    }


def advise(capacity_tps: Mapping[Role, float], workload: Workload, requests: Requests | None = None) -> Advice:
    """The mode is measured where `requests`' mix wanders further than the fixed ratio's band is wide.

    Raises ValueError where a role carries nothing at all within its target.
    """
    for role in ROLES:
        if capacity_tps[role] <= 0:
            raise ValueError(f"one {role} replica carries nothing within its target; raise it, or take another engine")
    needed = (workload.prompt_tokens_mean / capacity_tps[Role.PREFILL]) / (
        workload.output_tokens_mean / capacity_tps[Role.DECODE]
    )
    fixed = _fixed(needed)
    drift = None if requests is None else drift_of(requests, capacity_tps)
    if drift is None or drift.factor <= (1 + fixed.tolerance) / (1 - fixed.tolerance):
        return Advice(capacity_tps=capacity_tps, ratio=fixed, drift=drift)
    return Advice(capacity_tps=capacity_tps, ratio=_band(drift), drift=drift)


def drift_of(requests: Requests, capacity_tps: Mapping[Role, float]) -> Drift | None:
    """Over every full stretch with both kinds of tokens; None where there is none."""
    edges_s = np.arange(0.0, float(requests.arrival_s[-1]) + 1e-9, DRIFT_BIN_S)
    if len(edges_s) < 2:
        return None
    read = np.histogram(requests.arrival_s, edges_s, weights=requests.prompt_tokens)[0] / capacity_tps[Role.PREFILL]
    written = np.histogram(requests.arrival_s, edges_s, weights=requests.output_tokens)[0] / capacity_tps[Role.DECODE]
    busy = (read > 0) & (written > 0)
    if not busy.any():
        return None
    ratios = read[busy] / written[busy]
    p1, p5, p50, p95, p99 = (float(value) for value in np.percentile(ratios, (1, 5, 50, 95, 99)))
    return Drift(p1=p1, p5=p5, p50=p50, p95=p95, p99=p99)


def _fixed(needed: float) -> FixedRatio:
    """The nearest ratio of small parts: a coarse one that is closer than the band is wide beats a fine one."""
    for parts_max in range(1, PARTS_MAX + 1):
        near = _fraction(needed, parts_max)
        if abs(float(near) / needed - 1) <= TOLERANCE / 3:
            return FixedRatio(prefill=near.numerator, decode=near.denominator)
    near = _fraction(needed, PARTS_MAX)
    return FixedRatio(prefill=near.numerator, decode=near.denominator)


def _fraction(value: float, parts_max: int) -> Fraction:
    """The nearest fraction with both parts from 1 to `parts_max`."""
    options = [Fraction(top, bottom) for top in range(1, parts_max + 1) for bottom in range(1, parts_max + 1)]
    return min(options, key=lambda one: (abs(math.log(one / Fraction(value))), one.denominator))


def _band(drift: Drift) -> MeasuredRatio:
    """A little wider than what was needed: the band keeps accidents out, it is not what steers."""
    options = {Fraction(top, bottom) for top in range(1, PARTS_MAX + 1) for bottom in range(1, PARTS_MAX + 1)}
    low = max((one for one in options if one <= drift.p1), default=min(options))
    high = min((one for one in options if one >= drift.p99), default=max(options))
    return MeasuredRatio(min=_written(low), max=_written(high))


def _written(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"
