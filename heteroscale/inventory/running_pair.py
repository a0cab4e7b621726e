"""The pair of a service that runs, counted from its bound pods: where a plan starts when nobody persisted one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from disaggregated_service.core.pair import ROLES, Pair, Role, ServiceKey
from disaggregated_service.core.role_spec import RoleSpec
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.record import PodRecord


def running_pairs(services: Iterable[DisaggregatedService], pods: Iterable[PodRecord]) -> Mapping[ServiceKey, Pair]:
    """Replicas that are bound and not on their way out. A replica of several pods counts once it is whole."""
    by_role: dict[tuple[ServiceKey, Role], list[PodRecord]] = {}
    for pod in pods:
        if pod.service is not None and pod.role is not None and pod.node and not pod.terminating:
            by_role.setdefault((pod.service, pod.role), []).append(pod)
    return {
        service.key: Pair(
            *(_replicas(service.spec.roles.of(role), by_role.get((service.key, role), [])) for role in ROLES)
        )
        for service in services
    }


def _replicas(pool: RoleSpec, pods: list[PodRecord]) -> int:
    if pool.components:
        counts = Counter(pod.component for pod in pods)
        return min(counts[component.name] // component.count for component in pool.components)
    if pool.nodes_per_replica == 1:
        return len(pods)
    groups = Counter(pod.replica for pod in pods)
    return sum(count // pool.nodes_per_replica for count in groups.values())
