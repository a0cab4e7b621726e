"""Replicas in force but not ready: how many, since when, and which of them nobody should count on any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.pair import Pair, Role

COHORTS_MAX = 128  # groups of replicas that began to start together


@dataclass(frozen=True, slots=True)
class StartingReplicas:
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


NOBODY_STARTING = StartingReplicas()


def starting_now(starting: StartingReplicas, *, in_force: int, ready: int, now_s: float) -> StartingReplicas:
    """The cohorts once `in_force - ready` replicas are starting."""
    missing = max(0, in_force - ready)
    change = missing - starting.count
    if change == 0:
        return starting
    if change > 0:
        cohorts = (*starting.cohorts, (now_s, change))
        if len(cohorts) > COHORTS_MAX:
            cohorts = ((cohorts[0][0], cohorts[0][1] + cohorts[1][1]), *cohorts[2:])
        return StartingReplicas(cohorts)
    return StartingReplicas(_without_oldest(starting.cohorts, -change))


def _without_oldest(cohorts: tuple[tuple[float, int], ...], gone: int) -> tuple[tuple[float, int], ...]:
    kept: list[tuple[float, int]] = []
    for since_s, count in cohorts:
        taken = min(gone, count)
        gone -= taken
        if count > taken:
            kept.append((since_s, count - taken))
    return tuple(kept)


def stuck_replicas(starting: Mapping[Role, StartingReplicas], *, now_s: float, deadline_s: float) -> Pair:
    """Per role, the replicas that nobody should count on any more."""
    return Pair(
        starting[Role.PREFILL].stuck(now_s=now_s, deadline_s=deadline_s),
        starting[Role.DECODE].stuck(now_s=now_s, deadline_s=deadline_s),
    )
