"""Prometheus's `increase` of many counters at once; a replica never restarts here, so none is ever reset."""

from __future__ import annotations

import numpy as np

from heteroscale.simulator.signals_scrape import FloatArray
from scaler.core.counter_increase import GAP_FACTOR


def grown_over(
    low: FloatArray,
    high: FloatArray,
    *,
    first_s: float,
    last_s: float,
    samples: int,
    start_s: float,
    end_s: float,
) -> FloatArray:
    """Growth of each column over `start_s..end_s`, summed over the rows, which share their first and last sample.

    A counter cannot have been below zero, so a series is extended back no further than where its line meets it: only
    young replicas' counters are looked at one by one.
    """
    sampled_s = last_s - first_s
    spacing_s = sampled_s / (samples - 1)
    before_s, after_s = first_s - start_s, end_s - last_s
    reach_after_s = reach_of(after_s, spacing_s)
    rise = high - low
    if (low * sampled_s >= before_s * rise).all():
        plain: FloatArray = rise.sum(axis=0) * ((sampled_s + reach_of(before_s, spacing_s) + reach_after_s) / sampled_s)
        return plain
    with np.errstate(divide="ignore", invalid="ignore"):
        to_zero_s = np.where(rise > 0, sampled_s * low / rise, np.inf)
    gap_s = np.minimum(before_s, to_zero_s)
    reach_s = np.where(gap_s < spacing_s * GAP_FACTOR, gap_s, spacing_s / 2)
    grown: FloatArray = (rise * (sampled_s + reach_s + reach_after_s) / sampled_s).sum(axis=0)
    return grown


def reach_of(gap_s: float, spacing_s: float) -> float:
    """How far a series is taken to go on beyond its outermost sample."""
    return gap_s if gap_s < spacing_s * GAP_FACTOR else spacing_s / 2
