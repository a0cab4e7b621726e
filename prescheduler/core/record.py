"""What a planning cycle knows of nodes and pods: reduced records, as a watch keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.pair import Role, ServiceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """One node. allocatable: counts of extended resources (GPUs, RDMA devices) and nothing else.

    placeable: ready and schedulable. A node that is not goes on to count as a member of its domain.
    """

    name: str
    labels: Mapping[str, str]
    allocatable: Mapping[str, int]
    placeable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRecord:
    """One pod that holds extended resources, or that belongs to a service.

    requests: extended resources of the whole pod. node: "" while it is not bound. service, role: None for strangers.
    terminating: still holds what it has. component: of a disaggregated MoE replica, else "".
    replica: which replica of its role it is part of, where one has several pods (a LeaderWorkerSet group); else "".
    """

    namespace: str
    name: str
    uid: str = ""
    node: str = ""
    requests: Mapping[str, int] = field(default_factory=dict)
    service: ServiceKey | None = None
    role: Role | None = None
    component: str = ""
    replica: str = ""
    terminating: bool = False
    ready: bool = True
    created_unix_s: float = 0.0
    group: str = ""  # its label heteroscale.dev/deployment-group, if the leader has written it
    owner_kind: str = "ReplicaSet"
    ordinal: int | None = None
