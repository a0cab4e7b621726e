"""One planning cycle over what files hold, for `plan` and `topology`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.edge.folder import ServicesRead
from heteroscale.command.plan_document import Planned, Written, status_before
from heteroscale.coordinator.cluster_placement import placement_over
from heteroscale.coordinator.placement import PlacementRequest, numbered
from heteroscale.inventory.cluster_file import Inventory
from heteroscale.inventory.running_pair import running_pairs
from prescheduler.core.tier_memory import NOTHING_REMEMBERED
from prescheduler.core.topology import build


def profiles_used(read: ServicesRead) -> set[str]:
    """The names of profiles that a service asks by, and of those written beside the services."""
    named = {service.spec.placement.topology_profile for service in read.services}
    return {name for name in read.profiles if name in named or name in read.profile_origins}


def planned_over(
    read: ServicesRead, inventory: Inventory, written: Written, wanted: Mapping[ServiceKey, Pair]
) -> list[Planned]:
    """One cycle over all services, by priority; a service that nobody wants changed keeps what runs."""
    running = running_pairs(read.services, inventory.pods)
    place = placement_over(build(inventory.nodes, read.profiles), inventory.pods)
    before = {service.key: status_before(written.services[service.key]).groups for service in read.services}
    requests = [
        PlacementRequest(
            service=service,
            in_force=running[service.key],
            targets=wanted.get(service.key, running[service.key]),
            previous=before[service.key],
        )
        for service in _by_priority(read.services)
    ]
    granted = place(requests, NOTHING_REMEMBERED, 0.0)
    sequence = 1 + max((group.sequence for groups in before.values() for group in groups), default=0)
    return [
        Planned(
            key=request.service.key,
            in_force=request.in_force,
            targets=request.targets,
            grant=replace(grant, groups=numbered(grant.groups, request.previous, sequence)),
        )
        for request in requests
        for grant in [granted.grants[request.service.key]]
    ]


def _by_priority(services: Sequence[DisaggregatedService]) -> list[DisaggregatedService]:
    return sorted(services, key=lambda service: (-service.spec.priority, service.key))
