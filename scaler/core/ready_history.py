"""How many replicas were ready, for the two questions that need the past.

Who produced a latency reading: the smallest ready count over its window, because a raise still starting had no part
in it. And which replicas have been starting for too long to be counted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.pair import Pair, Role

RUNS_MAX = 512  # changes of the ready counts within one window; beyond it the oldest are merged into the smallest
COHORTS_MAX = 128  # groups of replicas that began to start together


@dataclass(frozen=True, slots=True)
class ReadyRuns:
    """Runs of equal ready counts: (since when, counts), oldest first. A steady pool leaves it unchanged."""

    runs: tuple[tuple[float, Pair], ...] = ()

    def smallest(self, *, now_s: float, span_s: float) -> Pair:
        """Per role, the smallest count over the last `span_s`; (0, 0) before the first."""
        prefill: int | None = None
        decode: int | None = None
        for since_s, ready in reversed(self.runs):
            prefill = ready.prefill if prefill is None else min(prefill, ready.prefill)
            decode = ready.decode if decode is None else min(decode, ready.decode)
            if since_s <= now_s - span_s:
                break
        return Pair(prefill or 0, decode or 0)


NOTHING_SEEN = ReadyRuns()


def seen(history: ReadyRuns, *, ready: Pair, now_s: float, span_s: float) -> ReadyRuns:
    """The history with what is ready now; runs that ended before the span are dropped."""
    runs = history.runs
    if runs and runs[-1][1] == ready:
        return history
    first = 0
    while first + 1 < len(runs) and runs[first + 1][0] <= now_s - span_s:
        first += 1
    runs = (*runs[first:], (now_s, ready))
    if len(runs) > RUNS_MAX:
        (since_s, oldest), (_, next_one) = runs[0], runs[1]
        least = Pair(min(oldest.prefill, next_one.prefill), min(oldest.decode, next_one.decode))
        runs = ((since_s, least), *runs[2:])
    return ReadyRuns(runs)


@dataclass(frozen=True, slots=True)
class Starting:
    """Replicas of one role in force but not ready: (since when, how many), oldest first.

    Without pod identities they are taken to become ready in the order in which they were asked for.
    """

    cohorts: tuple[tuple[float, int], ...] = ()

    @property
    def count(self) -> int:
        return sum(count for _, count in self.cohorts)

    def stuck(self, *, now_s: float, deadline_s: float) -> int:
        """Those that have been starting for longer than the deadline."""
        return sum(count for since_s, count in self.cohorts if now_s - since_s > deadline_s)


def starting_now(starting: Starting, *, in_force: int, ready: int, now_s: float) -> Starting:
    """The cohorts once `in_force - ready` replicas are starting."""
    missing = max(0, in_force - ready)
    change = missing - starting.count
    if change == 0:
        return starting
    if change > 0:
        cohorts = (*starting.cohorts, (now_s, change))
        if len(cohorts) > COHORTS_MAX:
            cohorts = ((cohorts[0][0], cohorts[0][1] + cohorts[1][1]), *cohorts[2:])
        return Starting(cohorts)
    return Starting(_without_oldest(starting.cohorts, -change))


def _without_oldest(cohorts: tuple[tuple[float, int], ...], gone: int) -> tuple[tuple[float, int], ...]:
    kept: list[tuple[float, int]] = []
    for since_s, count in cohorts:
        taken = min(gone, count)
        gone -= taken
        if count > taken:
            kept.append((since_s, count - taken))
    return tuple(kept)


def stuck_replicas(starting: Mapping[Role, Starting], *, now_s: float, deadline_s: float) -> Pair:
    """Per role, the replicas that nobody should count on any more."""
    return Pair(
        starting[Role.PREFILL].stuck(now_s=now_s, deadline_s=deadline_s),
        starting[Role.DECODE].stuck(now_s=now_s, deadline_s=deadline_s),
    )
