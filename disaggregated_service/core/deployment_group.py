"""The part of one service that lives in one network domain: what the pre-scheduler gives and the webhook applies.

Shared by both, who do not know each other. Kept in the service's status, so that it survives its author.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.placement_spec import Tier

UNKNOWN = "unknown"  # the group of replicas on nodes without topology labels


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """One node label, as it has to be matched."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Domain:
    """The nodes under one switch: all its level keys and values, the outermost first.

    Leaf values need not be unique (rack-1 under two spines), so identity is the whole tuple and rules pin all of it.
    An empty tuple is the whole cluster.
    """

    labels: tuple[Label, ...]

    def __str__(self) -> str:
        return "/".join(label.value for label in self.labels) or "cluster"


@dataclass(frozen=True, slots=True)
class Except:
    """Inner domains that do not belong to it: `key` NotIn `values` (the mixed S1s of a medium S2)."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """What one role has in a group. gpu_class: None where the service names no class."""

    gpu_class: str | None
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentGroup:
    """One group. domain: None for the group `unknown`. exclude: inner domains left out. sequence: of the decision.

    A role missing from `allotments` has nothing here: only an adopted group may lack one.
    """

    name: str
    domain: Domain | None
    exclude: Except | None = None
    tier: Tier | None = None
    allotments: Mapping[Role, Allotment] = field(default_factory=dict)
    sequence: int = 0

    def replicas(self, role: Role) -> int:
        allotment = self.allotments.get(role)
        return allotment.replicas if allotment is not None else 0

    @property
    def pair(self) -> Pair:
        return Pair(*(self.replicas(role) for role in ROLES))
