"""What bound pods hold: extended resources per node, and per service where its replicas run.

A sum over pods, so that a change of some pods is a small sum and not a new count of all. Terminating pods hold what
they have until they are gone, and are no replicas any more. It must never know topology: nodes go by name here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from disaggregated_service.core.pair import Role, ServiceKey
from prescheduler.core.record import PodRecord

Part = tuple[Role, str, str]
"""Role, component and replica: each "" where the role has no components, or a replica is one pod."""

PodsOf = Mapping[Part, Mapping[str, int]]
"""Bound, not terminating pods of one service: per part, per node."""

NO_PODS: PodsOf = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """held: per node and resource what its pods requested, strangers included. running: per service."""

    held: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    running: Mapping[ServiceKey, PodsOf] = field(default_factory=dict)

    def with_changes(self, *, removed: Iterable[PodRecord] = (), added: Iterable[PodRecord] = ()) -> Usage:
        """Usage after these changes; a pod that changed is removed as it was and added as it is.

        A service that nothing changes of keeps its very own mapping, so that it shows who has changed.
        """
        changes = _Changes()
        for pods, sign in ((removed, -1), (added, 1)):
            for pod in pods:
                changes.count(pod, sign)
        held = dict(self.held)
        for node, amounts in changes.held.items():
            _merge(held, node, amounts)
        running = dict(self.running)
        for service, changed in changes.running.items():
            parts = dict(running.get(service, NO_PODS))
            for part, nodes in changed.items():
                _merge(parts, part, nodes)
            running[service] = parts
            if not parts:
                del running[service]
        return Usage(held=held, running=running)


NOTHING_USED = Usage()


def used_by(pods: Iterable[PodRecord]) -> Usage:
    """The usage of all these pods."""
    return NOTHING_USED.with_changes(added=pods)


class _Changes:
    """What pods add and take away, summed up."""

    def __init__(self) -> None:
        self.held: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.running: defaultdict[ServiceKey, defaultdict[Part, Counter[str]]] = defaultdict(
            lambda: defaultdict(Counter)
        )

    def count(self, pod: PodRecord, sign: int) -> None:
        """One pod that comes (1) or goes (-1); one that is not bound holds nothing."""
        if not pod.node:
            return
        for resource, amount in pod.requests.items():
            self.held[pod.node][resource] += sign * amount
        if pod.service is not None and pod.role is not None and not pod.terminating:
            self.running[pod.service][pod.role, pod.component, pod.replica][pod.node] += sign


def _per_part() -> defaultdict[Part, Counter[str]]:
    return defaultdict(Counter)


K = TypeVar("K")


def _merge(sums: dict[K, Mapping[str, int]], key: K, by: Mapping[str, int]) -> None:
    """Adds to one entry; what comes to nothing is gone."""
    before = sums.get(key, {})
    total = {name: count for name in {**before, **by} if (count := before.get(name, 0) + by.get(name, 0))}
    if total:
        sums[key] = total
    else:
        sums.pop(key, None)
