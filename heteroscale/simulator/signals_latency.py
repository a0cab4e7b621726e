"""Latencies of a pool from its replicas' buckets: as a reading, as a quantile, as a mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heteroscale.simulator.signals_scrape import BUCKETS, OBSERVED, SECONDS, FloatArray
from heteroscale.simulator.signals_window import Pooled
from scaler.core.observation import Coverage, Histogram, Present, Quiet, Reading


def histogram_reading(pooled: Pooled, bounds_s: Sequence[float]) -> Reading[Histogram]:
    """As `scaler/edge/assembly.py` reads it: over the covered replicas, quiet where nothing was observed."""
    if not pooled.covered:
        return pooled.unknown
    counts = _cumulative(pooled)
    total = float(counts[-1])
    observed = round(total)
    if not observed:
        return Quiet(0, pooled.age_s)
    value = Histogram(tuple(bounds_s), tuple(counts[:-1].tolist()), total)
    return Present(value, observed, pooled.age_s, Coverage(pooled.covered, pooled.ready))


def quantile_s(pooled: Pooled, bounds_s: Sequence[float], quantile: float) -> float:
    """Prometheus's `histogram_quantile`: linear within a bucket, the last finite bound above them; NaN of nothing."""
    if not pooled.covered:
        return float("nan")
    counts = _cumulative(pooled)
    total = float(counts[-1])
    if total <= 0:
        return float("nan")
    rank = quantile * total
    bucket = int(np.searchsorted(counts, rank))
    if bucket >= len(bounds_s):
        return float(bounds_s[-1])
    low_s = bounds_s[bucket - 1] if bucket else 0.0
    below = float(counts[bucket - 1]) if bucket else 0.0
    inside = float(counts[bucket]) - below
    return low_s + (bounds_s[bucket] - low_s) * ((rank - below) / inside if inside > 0 else 1.0)


def mean_s(pooled: Pooled) -> float:
    """`rate(sum) / rate(count)`; NaN of nothing."""
    if not pooled.covered or pooled.grown[OBSERVED] <= 0:
        return float("nan")
    return float(pooled.grown[SECONDS] / pooled.grown[OBSERVED])


def _cumulative(pooled: Pooled) -> FloatArray:
    """Extrapolation shakes the buckets; a later one never holds less than an earlier."""
    counts: FloatArray = np.maximum.accumulate(pooled.grown[BUCKETS:])
    return counts
