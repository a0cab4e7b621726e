"""Where new replicas may go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from disaggregated_service.core.role_spec import PROFILE_NAME
from disaggregated_service.core.schema import Doc


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementSpec:
    """Which network domain new replicas go to."""

    affinity: Annotated[
        Affinity, Doc("How close the two pools of a group must be: under one s1, one s2, in the cluster, or none.")
    ] = Affinity.NONE
    max_tier: Annotated[Tier | None, Doc("The scarcest tier this service may take; not given: any.")] = None
    topology_profile: Annotated[
        str | None, PROFILE_NAME, Doc("The TopologyProfile, or the name of a preset; needed unless affinity is none.")
    ] = None
    on_exhausted: Annotated[
        OnExhausted,
        Doc(
            "wait: nothing granted, nothing Pending. provision: one bundle beyond the room, so that a node autoscaler "
            "sees it. degrade: the next looser affinity, never out of its S2 unless affinity is cluster."
        ),
    ] = OnExhausted.WAIT
    exact: Annotated[bool, Doc("Scheduling gates; guaranteed pairing.")] = False
