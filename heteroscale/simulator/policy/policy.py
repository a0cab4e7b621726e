"""The interface of a policy, and what a policy may know before the run begins.

A policy must never see the world itself: what it learns on the way is a `Seen` (or, for the shipped policy, the
`Observation` that a real source would have made of the same scrapes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from disaggregated_service.core.load_spec import TARGET_OF_CAPACITY_FRAC
from disaggregated_service.core.pair import Pair, Role
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.signals_seen import Seen
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.result import Slo
from scaler.core.observation import Observation

Observe = Callable[[float], Observation | None]
"""The observation at a moment, as a real source would make it; None before the first scrape."""


class Hands(Enum):
    """Through whose hands a wish becomes replicas.

    SCALER: decides on its own clock; each pool's HPA reads the last wish at its own sync. HPA: the policy is the HPA's
    own rule, asked at each pool's sync, and only that pool moves. CONTROLLER: decides on its own clock and patches both
    pools itself, at once.
    """

    SCALER = "scaler"
    HPA = "hpa"
    CONTROLLER = "controller"


class Policy(Protocol):
    """One run's decision maker, with whatever memory it keeps. looks: whether it reads more of a
    `Seen` than the counts that are wanted, which costs. reason: of its last wish, for people.
    """

    hands: Hands
    looks: bool
    every_s: float
    reason: str

    def wish(self, seen: Seen, now_s: float) -> Pair:
        """The counts that it wants now; within the service's bounds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One run before it begins. start: what runs at 0. requests: for those who are allowed to know the future (or the

    past that it repeats): the statics, the schedule, the oracle. start_up_s: the longest start.
    """

    service: DisaggregatedService
    prefill: Engine
    decode: Engine
    slo: Slo
    requests: Requests
    duration_s: float
    start: Pair
    start_up_s: float
    observe: Observe

    def engine(self, role: Role) -> Engine:
        return self.prefill if role is Role.PREFILL else self.decode

    def target_tps(self, role: Role) -> float:
        """What one replica should carry. Raises ValueError where the service does not say."""
        return target_tps(self.service, role)

    def capacity_tps(self, role: Role) -> float:
        """What one replica can carry within its SLO; from the target where the service names only that."""
        load = self.service.spec.load.of(role)
        if load is not None and load.capacity_per_replica is not None:
            return load.capacity_per_replica
        return self.target_tps(role) / TARGET_OF_CAPACITY_FRAC

    def bounded(self, role: Role, replicas: int) -> int:
        """Within the role's bounds."""
        spec = self.service.spec.roles.of(role)
        return min(max(replicas, spec.min_replicas), spec.max_replicas)

    def bounded_pair(self, prefill: int, decode: int) -> Pair:
        return Pair(self.bounded(Role.PREFILL, prefill), self.bounded(Role.DECODE, decode))


def target_tps(service: DisaggregatedService, role: Role) -> float:
    """Tokens/s that one replica of the role should carry. Raises ValueError where the service does not say."""
    load = service.spec.load.of(role)
    if load is None:
        raise ValueError(f"spec.load.{role} is missing: write its metric and capacityPerReplica, which sweep measures")
    return load.target
