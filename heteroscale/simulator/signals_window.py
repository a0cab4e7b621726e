"""The scrapes of one pool over the last while, and what Prometheus would make of them.

Vectorised over replicas, because a day has thousands of ticks and a pool a hundred replicas. The arithmetic is that of
`scaler/core/counter_increase.py` and `scaler/edge/series.py`; a test holds the two together.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from heteroscale.simulator.signals_growth import grown_over
from heteroscale.simulator.signals_scrape import TOKENS, FloatArray, IntArray, RoleScrape, rows_of
from scaler.core.observation import Absent, Coverage, Present, Reading, Why

NOTHING = np.empty(0)


@dataclass(frozen=True, slots=True)
class Pooled:
    """One pool at one moment: sums over its replicas.

    covered: ready replicas with a rate, two samples in the window and the last one fresh; samples, age_s: all of
    theirs, and the age of the oldest last one; grown: of every counter, over the window, extrapolated to its ends.
    fresh: ready replicas heard in time, with their gauges. why: what is missing where nobody is covered.
    """

    discovered: int
    ready: int
    covered: int
    samples: int
    age_s: float
    grown: FloatArray
    fresh: int
    fresh_age_s: float
    gauges: FloatArray
    why: Why

    def load(self, window_s: float) -> Reading[float]:
        """Tokens/s over the covered replicas."""
        if not self.covered:
            return self.unknown
        coverage = Coverage(self.covered, self.ready)
        return Present(float(self.grown[TOKENS]) / window_s, self.samples, self.age_s, coverage)

    def gauge(self, column: int) -> Reading[float]:
        """Sum over those heard in time."""
        if not self.fresh:
            return self.unknown
        return Present(float(self.gauges[column]), self.fresh, self.fresh_age_s, Coverage(self.fresh, self.ready))

    @property
    def unknown(self) -> Absent:
        return Absent(self.why, f"none of {self.ready} ready replicas")


class RoleWindow:
    """Ready is who has answered once and still exists, as for the real sources."""

    def __init__(self, *, window_s: float, stale_after_s: float) -> None:
        self.window_s = window_s
        self._stale_after_s = stale_after_s
        self._scrapes: deque[RoleScrape] = deque()
        self._ready: IntArray = np.empty(0, dtype=np.int64)

    def add(self, scrape: RoleScrape) -> None:
        """Takes in the newest one and forgets those that no question can reach any more.

        Equal lists of replicas become one object, so that "nothing has changed" is seen at a glance.
        """
        standing = self._ready[np.isin(self._ready, scrape.discovered, assume_unique=True)]
        ready = np.union1d(standing, scrape.answered)
        if not np.array_equal(ready, self._ready):
            self._ready = ready
        if np.array_equal(scrape.answered, self._ready):
            scrape = replace(scrape, answered=self._ready)
        self._scrapes.append(scrape)
        kept_s = max(self.window_s, self._stale_after_s)
        while self._scrapes[0].at_s < scrape.at_s - kept_s:
            self._scrapes.popleft()

    @property
    def newest_s(self) -> float:
        """When the last scrape was; minus infinity before the first."""
        return self._scrapes[-1].at_s if self._scrapes else -math.inf

    @property
    def spacing_s(self) -> float | None:
        """Mean distance of the scrapes that are kept; None with fewer than two."""
        if len(self._scrapes) < 2:
            return None
        return (self._scrapes[-1].at_s - self._scrapes[0].at_s) / (len(self._scrapes) - 1)

    def at(self, now_s: float) -> Pooled | None:
        """What is known at a moment; None before the first scrape."""
        if not self._scrapes:
            return None
        ready, start_s = self._ready, now_s - self.window_s
        within = [scrape for scrape in self._scrapes if scrape.at_s > start_s]
        newest = self._scrapes[-1]
        is_fresh = len(ready) > 0 and newest.at_s >= max(now_s - self._stale_after_s, start_s + 1e-9)
        if is_fresh and all(scrape.answered is ready for scrape in within):
            return self._everybody(now_s, within)
        return self._somebody(now_s, within)

    def _everybody(self, now_s: float, within: list[RoleScrape]) -> Pooled:
        """Everybody has answered everything: nothing has to be looked up."""
        first, newest, count = within[0], within[-1], len(within)
        replicas = len(self._ready)
        grown = NOTHING
        if count > 1:
            grown = grown_over(
                first.counters,
                newest.counters,
                first_s=first.at_s,
                last_s=newest.at_s,
                samples=count,
                start_s=now_s - self.window_s,
                end_s=now_s,
            )
        age_s = now_s - newest.at_s
        covered = replicas if count > 1 else 0
        return Pooled(
            discovered=len(newest.discovered),
            ready=replicas,
            covered=covered,
            samples=covered * count,
            age_s=age_s,
            grown=grown,
            fresh=replicas,
            fresh_age_s=age_s,
            gauges=newest.gauges.sum(axis=0),
            why=Why.TOO_FEW_SAMPLES,
        )

    def _somebody(self, now_s: float, within: list[RoleScrape]) -> Pooled:
        """Replicas have come and gone, or scrapes were lost: each one by its own first and last sample."""
        ready = self._ready
        rows = np.array([rows_of(scrape, ready) for scrape in within]).reshape(len(within), len(ready))
        mask = rows >= 0
        samples = mask.sum(axis=0)
        times_s = np.array([scrape.at_s for scrape in within])
        latest = len(within) - 1 - np.argmax(mask[::-1], axis=0) if len(within) else np.zeros(len(ready), dtype=int)
        age_s = np.where(samples > 0, now_s - times_s[latest], np.inf) if len(within) else np.full(len(ready), np.inf)
        is_fresh = age_s <= self._stale_after_s
        is_covered = is_fresh & (samples >= 2)
        grown, gauges = NOTHING, NOTHING
        first = np.argmax(mask, axis=0) if len(within) else latest
        for one in np.flatnonzero(is_covered):
            begin, end = within[first[one]], within[latest[one]]
            growth = grown_over(
                begin.counters[rows[first[one], one]][None, :],
                end.counters[rows[latest[one], one]][None, :],
                first_s=begin.at_s,
                last_s=end.at_s,
                samples=int(samples[one]),
                start_s=now_s - self.window_s,
                end_s=now_s,
            )
            grown = growth if grown is NOTHING else grown + growth
        for one in np.flatnonzero(is_fresh):
            gauge = within[latest[one]].gauges[rows[latest[one], one]]
            gauges = gauge if gauges is NOTHING else gauges + gauge
        why = Why.NO_SERIES
        if samples.any():
            why = Why.TOO_FEW_SAMPLES if (is_fresh | (samples == 0)).all() else Why.STALE
        return Pooled(
            discovered=len(self._scrapes[-1].discovered),
            ready=len(ready),
            covered=int(is_covered.sum()),
            samples=int(samples[is_covered].sum()),
            age_s=float(age_s[is_covered].max(initial=0.0)),
            grown=grown,
            fresh=int(is_fresh.sum()),
            fresh_age_s=float(age_s[is_fresh].max(initial=0.0)),
            gauges=gauges,
            why=why,
        )
