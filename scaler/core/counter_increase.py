"""How much a counter grew over a window, from samples of it.

The rule is Prometheus's (`extrapolatedRate` in its promql/functions.go), so that our own scraping and a Prometheus
server read the same series alike. This file must never know where samples come from.
"""

from __future__ import annotations

from collections.abc import Sequence

GAP_FACTOR = 1.1
"""A window's end that lies within this many mean sample distances of a sample is taken as covered by the series.
Beyond it the series is assumed to have begun (or ended) half a distance outside its samples: a replica that
started ten seconds ago must not be credited with a whole minute."""


def increase(samples: Sequence[tuple[float, float]], start_s: float, end_s: float) -> float | None:
    """Growth over `start_s..end_s`, extrapolated to its ends.

    samples: (time in seconds, value), ascending in time, all within the window. None with fewer than two: no growth
    can be told. A value below the one before it is a counter that began anew at zero. NaN in, NaN out.
    """
    if len(samples) < 2:
        return None
    first_s, first = samples[0]
    last_s, last = samples[-1]
    grown = last - first + _lost_in_resets(samples)
    sampled_s = last_s - first_s
    if sampled_s <= 0:
        return None
    spacing_s = sampled_s / (len(samples) - 1)
    before_s, after_s = first_s - start_s, end_s - last_s
    if grown > 0 and first >= 0:
        # A counter cannot have been below zero: no further back than where its line meets it.
        before_s = min(before_s, sampled_s * first / grown)
    reach_s = sampled_s + _reach(before_s, spacing_s) + _reach(after_s, spacing_s)
    return grown * (reach_s / sampled_s)


def _lost_in_resets(samples: Sequence[tuple[float, float]]) -> float:
    lost = 0.0
    before = samples[0][1]
    for _, value in samples:
        if value < before:
            lost += before
        before = value
    return lost


def _reach(gap_s: float, spacing_s: float) -> float:
    return gap_s if gap_s < spacing_s * GAP_FACTOR else spacing_s / 2
