"""A histogram as an engine keeps it, and the bucket bounds of vLLM's."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

TTFT_BOUNDS_S = (
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
    1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0,
)  # fmt: skip
TBT_BOUNDS_S = (
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
)  # fmt: skip


class BucketCounts:
    """Counts per bucket (not cumulative; the last one is +Inf's), with the sum of what was observed."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def observe_run(self, first: float, growth: float, length: int, times: int) -> None:
        """Observe `first + k*growth` for k = 0..length-1, each `times` over, without walking through them."""
        last = first + growth * (length - 1)
        bucket = bisect_left(self.bounds, first)
        end = bisect_left(self.bounds, last)
        done = 0
        while bucket < end:
            fitting = min(length, int((self.bounds[bucket] - first) / growth) + 1)
            self.counts[bucket] += (fitting - done) * times
            done = fitting
            bucket += 1
        self.counts[end] += (length - done) * times
        self.total += (first + last) / 2 * length * times
