"""A histogram merged from the buckets of many replicas. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite

from scaler.core.observation import Absent, Histogram, Why

Buckets = Mapping[float, float]
"""Observations in the window at or below each upper bound, +Inf included."""


def merge(replicas: Iterable[Buckets]) -> Buckets:
    """Sums over the bounds that all replicas share: a bound some lack (another engine version) would read low."""
    merged: dict[float, float] = {}
    bounds: set[float] | None = None
    for buckets in replicas:
        bounds = set(buckets) if bounds is None else bounds & buckets.keys()
        for bound, count in buckets.items():
            merged[bound] = merged.get(bound, 0.0) + count
    return {bound: merged[bound] for bound in sorted(bounds or ())}


def shared(sums: Buckets, replicas: Mapping[float, float]) -> Buckets:
    """Sums already made elsewhere, of the bounds that as many series have as have +Inf."""
    every = replicas.get(inf, 0.0)
    return {bound: count for bound, count in sums.items() if replicas.get(bound) == every}


def histogram(buckets: Buckets) -> Histogram | Absent:
    """The value the policy reads: finite bounds ascending, counts made monotone (extrapolation shakes them)."""
    if inf not in buckets:
        return Absent(Why.NO_SERIES, "no +Inf bucket")
    bounds = sorted(bound for bound in buckets if isfinite(bound))
    counts = _monotone([buckets[bound] for bound in (*bounds, inf)])
    if not all(map(isfinite, counts)):
        return Absent(Why.NOT_A_NUMBER, "a bucket counts no number")
    return Histogram(tuple(bounds), tuple(counts[:-1]), counts[-1])


def _monotone(counts: Sequence[float]) -> list[float]:
    highest = 0.0
    result = []
    for count in counts:
        highest = count if count != count else max(highest, count)  # noqa: PLR0124 - NaN must stay visible
        result.append(highest)
    return result
