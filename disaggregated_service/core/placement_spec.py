"""Where new replicas may go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from disaggregated_service.core.role_spec import DNS_LABEL
from disaggregated_service.core.schema import Doc, NotYet


class Affinity(StrEnum):
    """How close the two pools of a deployment group must be."""

    NONE = "none"
    CLUSTER = "cluster"
    S2 = "s2"
    S1 = "s1"


class Tier(StrEnum):
    """Scarcity of an RDMA subgroup, the commonest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class OnExhausted(StrEnum):
    """What happens when a raise finds no room."""

    WAIT = "wait"
    PROVISION = "provision"
    DEGRADE = "degrade"


LATER = NotYet("topology-aware placement comes with the pre-scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementSpec:
    """Which network domain new replicas go to."""

    affinity: Annotated[Affinity, LATER, Doc("s1, s2, cluster or none.")] = Affinity.NONE
    max_tier: Annotated[Tier | None, LATER, Doc("The scarcest tier this service may take.")] = None
    topology_profile: Annotated[str | None, DNS_LABEL, LATER, Doc("The TopologyProfile, or the name of a preset.")] = (
        None
    )
    on_exhausted: Annotated[OnExhausted, LATER, Doc("wait, provision or degrade.")] = OnExhausted.WAIT
    exact: Annotated[bool, LATER, Doc("Scheduling gates; guaranteed pairing.")] = False
