"""What the coordinator asks of placement, and what comes back. Without a cluster everything is granted.

Who places carries a memory of its own from tick to tick (tiers, bundles that were granted beyond the room). It is part
of the coordinator's state, handed in and out as a value; the tick itself must never look into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.ratio import Band
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.tier_memory import NOTHING_REMEMBERED, TierMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRequest:
    """One service's move, from the pair in force to the targets. previous: its groups in the last decision.

    band: the P/D values allowed at this tick; None: the service's own.
    hypothetical: nobody will create these replicas (advisory mode), so they must not take room from those who will.
    """

    service: DisaggregatedService
    in_force: Pair
    targets: Pair
    previous: tuple[DeploymentGroup, ...] = ()
    band: Band | None = None
    hypothetical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one service may have. groups: all that it has now. refused: nodes per reason, empty where all was granted.

    The reasons are words of whoever placed (`too_few_gpus`), the most frequent first.
    """

    pair: Pair
    groups: tuple[DeploymentGroup, ...] = ()
    refused: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A whole cycle: a grant for each request, and the memory of the next cycle."""

    grants: Mapping[ServiceKey, Grant] = field(default_factory=dict)
    memory: TierMemory = NOTHING_REMEMBERED


Placement = Callable[[Sequence[PlacementRequest], TierMemory, float], Granted]
"""(requests, memory, now_s): grants a pair to each request; they come by priority, the highest first, then by key."""


def grant_everything(requests: Sequence[PlacementRequest], memory: TierMemory, now_s: float) -> Granted:  # noqa: ARG001 - knows no nodes
    """The placement of a program that knows no nodes."""
    return Granted(
        grants={request.service.key: Grant(pair=request.targets) for request in requests},
        memory=memory,
    )


def numbered(
    groups: Sequence[DeploymentGroup], before: Sequence[DeploymentGroup], sequence: int
) -> tuple[DeploymentGroup, ...]:
    """The groups, each with the number of the decision that last changed it: `sequence`, or the one it had before."""
    known = {group.name: group for group in before}
    return tuple(
        known[group.name]
        if group.name in known and replace(group, sequence=known[group.name].sequence) == known[group.name]
        else replace(group, sequence=sequence)
        for group in groups
    )
