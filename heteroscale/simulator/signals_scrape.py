"""One scrape of one pool: what every replica that answered said, as arrays.

It reads the replicas' counters as they stand and knows nothing of rates, windows or ages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from disaggregated_service.core.pair import Role
from heteroscale.simulator.world.interface import SimulatedWorld

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TOKENS, OBSERVED, SECONDS, BUCKETS = 0, 1, 2, 3
"""Columns of `counters`: tokens; of the latency histogram its count, its sum and, from the last on, its buckets."""

WAITING, RUNNING, KV_USAGE = 0, 1, 2
"""Columns of `gauges`."""


class Answers(Protocol):
    """Which of so many ready replicas answer a scrape."""

    def __call__(self, replicas: int) -> BoolArray: ...


def all_answer(replicas: int) -> BoolArray:
    """Nobody's scrape is lost."""
    return np.ones(replicas, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class RoleScrape:
    """Numbers of replicas are ascending.

    discovered: of those that exist and are not on their way out. answered: of those that said something, one row each
    in `counters` (which never fall; buckets are cumulative) and `gauges` (which stand as of the scrape).
    """

    at_s: float
    discovered: IntArray
    answered: IntArray
    counters: FloatArray
    gauges: FloatArray


def scrape(world: SimulatedWorld, role: Role, answers: Answers = all_answer) -> RoleScrape:
    """A replica that is starting is discovered and does not answer; one that drains is gone from discovery.

    Tokens are prompt tokens computed (prefill) or tokens written (decode), the histogram is of the time to the first
    token (prefill) or of each request's mean time between tokens (decode).
    """
    seen = world.counters(role)
    heard = np.flatnonzero(seen.ready)
    heard = heard[answers(len(heard))]
    counters = np.empty((len(heard), BUCKETS + seen.latency_counts.shape[1]))
    counters[:, TOKENS] = seen.tokens[heard]
    counters[:, SECONDS] = seen.latency_s[heard]
    np.cumsum(seen.latency_counts[heard], axis=1, out=counters[:, BUCKETS:])
    counters[:, OBSERVED] = counters[:, -1]
    gauges = np.stack((seen.waiting[heard], seen.running[heard], seen.kv_usage_frac[heard]), axis=1).astype(np.float64)
    return RoleScrape(world.now_s, seen.number[~seen.draining], seen.number[heard], counters, gauges)


def rows_of(scrape: RoleScrape, replicas: IntArray) -> IntArray:
    """The row of each of these replicas in a scrape, -1 for those that have none."""
    if not len(scrape.answered):
        return np.full(len(replicas), -1)
    rows = np.minimum(np.searchsorted(scrape.answered, replicas), len(scrape.answered) - 1)
    return np.where(scrape.answered[rows] == replicas, rows, -1)
