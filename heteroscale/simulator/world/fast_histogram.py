"""`BucketCounts`, compiled: the same counts from the same arithmetic. A row of counts, not cumulative, +Inf's last."""

from __future__ import annotations

import numpy as np

from heteroscale.simulator.trace import FloatArray, IntArray
from heteroscale.simulator.world.compiled import compiled
from heteroscale.simulator.world.histogram import TBT_BOUNDS_S, TTFT_BOUNDS_S

TTFT_S = np.array(TTFT_BOUNDS_S)
TBT_S = np.array(TBT_BOUNDS_S)


@compiled
def bucket_of(bounds: FloatArray, value: float) -> int:
    """The first bucket whose bound is not below the value."""
    low, high = 0, len(bounds)
    while low < high:
        middle = (low + high) // 2
        if bounds[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def observe_run(bounds: FloatArray, counts: IntArray, first: float, growth: float, length: int, times: int) -> float:
    """Count `first + k*growth` for k = 0..length-1, each `times` over; returns their sum."""
    last = first + growth * (length - 1)
    bucket = bucket_of(bounds, first)
    end = bucket_of(bounds, last)
    done = 0
    while bucket < end:
        fitting = min(length, int((bounds[bucket] - first) / growth) + 1)
        counts[bucket] += (fitting - done) * times
        done = fitting
        bucket += 1
    counts[end] += (length - done) * times
    return (first + last) / 2 * length * times
