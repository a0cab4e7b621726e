"""What goes into a planning cycle for each service, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.ratio import Band
from disaggregated_service.core.service import DisaggregatedService


class Refusal(StrEnum):
    """Why a node (or a whole domain) could not take part of a raise."""

    NOT_PLACEABLE = "not_placeable"  # not ready, cordoned or drained
    NO_GPU_CLASS = "no_gpu_class"  # no class of the profile matches its product
    WRONG_GPU_CLASS = "wrong_gpu_class"
    NO_RDMA = "no_rdma"
    UNKNOWN_TOPOLOGY = "unknown_topology"  # a label of the level asked for is missing
    TOO_FEW_GPUS = "too_few_gpus"
    NO_WHOLE_NODE = "no_whole_node"  # a replica of several nodes needs whole ones under one S1
    TIER_TOO_SCARCE = "tier_too_scarce"  # above maxTier
    RESERVED = "reserved"
    OTHER_ROLE_DOES_NOT_FIT = "other_role_does_not_fit"  # half a bundle is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One service's move. previous: the groups of the last plan.

    period_band: the P/D values allowed now, where a period's ratio takes the place of the service's own.
    """

    service: DisaggregatedService
    in_force: Pair
    targets: Pair
    previous: tuple[DeploymentGroup, ...] = ()
    period_band: Band | None = None

    @property
    def band(self) -> Band:
        return self.period_band or self.service.spec.ratio.band


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One service's result. granted: the largest pair on the path that whole bundles allow.

    refused: nodes per reason for the first bundle that found no room; empty where all was granted.
    """

    granted: Pair
    groups: tuple[DeploymentGroup, ...]
    refused: Mapping[Refusal, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole cycle."""

    placed: Mapping[ServiceKey, Placed]
