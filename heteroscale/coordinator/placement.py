"""What the coordinator asks of placement. Without a cluster everything is granted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.service import DisaggregatedService


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRequest:
    """One service's move, from the pair in force to the targets."""

    service: DisaggregatedService
    in_force: Pair
    targets: Pair


Placement = Callable[[Sequence[PlacementRequest]], Mapping[ServiceKey, Pair]]
"""Grants a pair to each request; they come ordered by priority, the highest first, then by key."""


def grant_everything(requests: Sequence[PlacementRequest]) -> Mapping[ServiceKey, Pair]:
    """The placement of a program that knows no nodes."""
    return {request.service.key: request.targets for request in requests}
