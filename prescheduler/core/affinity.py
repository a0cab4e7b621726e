"""How wide a domain each affinity puts up with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from disaggregated_service.core.placement_spec import Affinity, OnExhausted
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.subgroup import Level

WIDEST: Mapping[Affinity, Level] = {
    Affinity.S1: Level.S1,
    Affinity.S2: Level.S2,
    Affinity.CLUSTER: Level.CLUSTER,
    Affinity.NONE: Level.CLUSTER,
}


def affinities(service: DisaggregatedService) -> Iterator[Affinity]:
    """What is asked for, and after it what a service that degrades puts up with: never out of one S2."""
    placement = service.spec.placement
    yield placement.affinity
    if placement.affinity is Affinity.S1 and placement.on_exhausted is OnExhausted.DEGRADE:
        yield Affinity.S2
