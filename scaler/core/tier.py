"""Which step of the latency ladder a histogram stands on.

A quantile interpolated inside a coarse bucket is an invention: with vLLM's 25, 50 and 75 ms buckets and a target of
40 ms it can read 41 ms while every request took 30. So a tier is a question the histogram can answer exactly: are more
than `1 - q` of the samples above this bucket bound? (HeteroScale section 3.4; ADR 0006.)

    target   bounds          tier 1.0   tier 1.1   tier 1.2
    40 ms    25, 50, 75 ms   50         50         50         where bounds coincide the higher step counts
    1 s      1, 2.5 s        1          1          1
    100 ms   0.1, 0.11, 0.12 0.1        0.11       0.12
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache

from disaggregated_service.core.ratio import EPSILON
from scaler.core.observation import Histogram

COARSE_FRAC = 0.10  # a bound this far above the target cannot tell a broken SLO from a kept one
STEPS = (1.0, 1.1, 1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The bucket bounds, in seconds, at which the three tiers are asked; ascending, possibly equal."""

    bounds_s: tuple[float, float, float]
    target_s: float

    @property
    def is_coarse(self) -> bool:
        return self.bounds_s[0] > self.target_s * (1 + COARSE_FRAC) + EPSILON


@lru_cache(maxsize=4096)  # bounds and targets are the same at every tick, and there are thousands of guards
def ladder(histogram_bounds_s: tuple[float, ...], target_s: float) -> Ladder | None:
    """The ladder for these finite bounds, or None where the target lies above the last of them."""
    first = bisect_left(histogram_bounds_s, target_s - EPSILON)
    if first == len(histogram_bounds_s):
        return None
    lowest = histogram_bounds_s[first]
    upper = tuple(
        max(
            lowest,
            histogram_bounds_s[max(0, bisect_right(histogram_bounds_s, target_s * step + EPSILON) - 1)],
        )
        for step in STEPS[1:]
    )
    return Ladder(bounds_s=(lowest, upper[0], upper[1]), target_s=target_s)


@dataclass(frozen=True, slots=True)
class Standing:
    """step: 0 below the ladder, else 1.0, 1.1 or 1.2. over_frac: samples above `bound_s`, that tier's bound.

    slow_frac: samples above tier 1.0's bound, whatever the step, so that two ticks can be compared.
    """

    step: float
    bound_s: float
    over_frac: float
    slow_frac: float


def stand(histogram: Histogram, rungs: Ladder, percentile: float) -> Standing:
    """The highest tier whose bound more than `1 - percentile/100` of the samples exceed; total must be above zero."""
    allowed_frac = 1 - percentile / 100
    slow = slow_frac(histogram, rungs.bounds_s[0])
    result = Standing(0.0, rungs.bounds_s[0], slow, slow)
    for step, bound_s in zip(STEPS, rungs.bounds_s, strict=True):
        over = slow_frac(histogram, bound_s)
        if over <= allowed_frac + EPSILON:
            break
        result = Standing(step, bound_s, over, slow)
    return result


def slow_frac(histogram: Histogram, bound_s: float) -> float:
    """Samples above one of the histogram's own bounds, as a fraction of all."""
    index = bisect_left(histogram.bounds_s, bound_s - EPSILON)
    return max(0.0, 1 - histogram.cumulative[index] / histogram.total)
