"""The ladder of a guard, on the buckets that engines really have."""

from __future__ import annotations

import pytest

from scaler.core.observation import Histogram
from scaler.core.tier import ladder, stand

VLLM_TBT = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
VLLM_TTFT = (0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
FINE = tuple(round(0.001 * step, 3) for step in range(1, 201))


@pytest.mark.parametrize(
    ("bounds", "target_s", "expected", "coarse"),
    [
        (VLLM_TBT, 0.040, (0.05, 0.05, 0.05), True),
        (VLLM_TBT, 0.050, (0.05, 0.05, 0.05), False),
        (VLLM_TBT, 0.064, (0.075, 0.075, 0.075), True),
        (VLLM_TBT, 0.090, (0.1, 0.1, 0.1), True),
        (VLLM_TBT, 0.093, (0.1, 0.1, 0.1), False),
        (VLLM_TTFT, 1.0, (1.0, 1.0, 1.0), False),
        (VLLM_TTFT, 2.2, (2.5, 2.5, 2.5), True),
        (VLLM_TTFT, 6.9, (7.5, 7.5, 7.5), False),
        (FINE, 0.100, (0.1, 0.11, 0.12), False),
        (FINE, 0.040, (0.04, 0.044, 0.048), False),
        (FINE, 0.0405, (0.041, 0.044, 0.048), False),
    ],
)
def test_the_ladder_stands_on_the_histograms_own_bounds(
    bounds: tuple[float, ...], target_s: float, expected: tuple[float, ...], coarse: bool
) -> None:
    rungs = ladder(bounds, target_s)
    assert rungs is not None
    assert rungs.bounds_s == expected
    assert rungs.is_coarse is coarse


def test_a_target_above_the_last_finite_bound_has_no_ladder() -> None:
    assert ladder(VLLM_TTFT, 10.1) is None
    assert ladder((), 1.0) is None


@pytest.mark.parametrize(
    ("over_target", "over_110", "over_120", "step"),
    [
        (10, 0, 0, 0.0),  # exactly the allowed tenth
        (11, 0, 0, 1.0),
        (50, 10, 0, 1.0),
        (50, 11, 10, 1.1),
        (50, 40, 11, 1.2),
        (10, 10, 10, 0.0),
    ],
)
def test_a_tier_needs_more_than_its_share_of_slow_samples(
    over_target: int, over_110: int, over_120: int, step: float
) -> None:
    histogram = Histogram((0.1, 0.11, 0.12), (100.0 - over_target, 100.0 - over_110, 100.0 - over_120), 100.0)
    rungs = ladder(histogram.bounds_s, 0.1)
    assert rungs is not None
    standing = stand(histogram, rungs, 90)
    assert standing.step == step
    assert standing.slow_frac == pytest.approx(over_target / 100)
