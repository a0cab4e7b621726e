"""What the webhook knows of the plan: services with their deployment groups, and profiles; looked up by pod.

Must never know a pod or a node. It is built once a plan and shared by all requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import Role, ServiceKey
from disaggregated_service.core.pod_labels import Owners
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import TopologyProfile

GROUP_LABEL = "heteroscale.dev/deployment-group"  # on a pod: the group it is in, once that is settled

Planned = tuple[DisaggregatedService, tuple[DeploymentGroup, ...]]

Slot = tuple[ServiceKey, Role, str]
"""Service, role and component ("" where the role has none): what pods are counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementView:
    """services: each with its groups. profiles: by name. The rest is looked up from them."""

    services: tuple[Planned, ...] = ()
    profiles: Mapping[str, TopologyProfile] = field(default_factory=dict)
    owners: Owners = field(init=False, repr=False, compare=False)
    groups: Mapping[ServiceKey, tuple[DeploymentGroup, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index both once: a thousand services are not searched for every pod."""
        object.__setattr__(self, "owners", Owners(service for service, _ in self.services))
        object.__setattr__(self, "groups", {service.key: groups for service, groups in self.services})

    def profile_of(self, service: DisaggregatedService) -> TopologyProfile | None:
        name = service.spec.placement.topology_profile
        return None if name is None else self.profiles.get(name)


def pods_per_replica(service: DisaggregatedService, role: Role, component: str) -> int:
    """Pods of this kind in one replica: a component's count, or one a node."""
    spec = service.spec.roles.of(role)
    named = next((part for part in spec.components if part.name == component), None)
    return spec.nodes_per_replica if named is None else named.count
