"""What one cycle found and the next need not find again: only while everything it was found from is the very same.

Nine services of ten stand still from cycle to cycle. A plan must not depend on this: it is the same without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.deployment_group import Domain
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.plan import Placed, Request
from prescheduler.core.subgroup import Subgroups, classify
from prescheduler.core.topology import Topology
from prescheduler.core.usage import NO_PODS, PodsOf, Usage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classified:
    """The subgroups of a profile, and the classes remembered when they were told."""

    known: Mapping[Domain, set[str]]
    subgroups: Subgroups


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """A service that moves nowhere: all of it runs where it was allotted. Its pods hold all the room it takes."""

    service: DisaggregatedService
    parts: PodsOf
    placed: Placed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """Of one topology. standing: by service; true only for profiles whose subgroups are the same object still."""

    topology: Topology
    classified: Mapping[str, Classified]
    standing: Mapping[ServiceKey, Standing] = field(default_factory=dict)


def classified_again(topology: Topology, name: str, known: Mapping[Domain, set[str]], kept: Kept | None) -> Classified:
    """The subgroups of a profile; the same object as last time where nothing they are told from has changed.

    known: the classes remembered. kept: of this topology.
    """
    before = None if kept is None else kept.classified.get(name)
    if before is not None and before.known == known:
        return before
    return Classified(known=known, subgroups=classify(topology, name, known))


def stands_from_now(request: Request, placed: Placed, usage: Usage) -> Standing:
    """A service all of which runs where it was allotted, and that asked for nothing."""
    parts = usage.running.get(request.service.key, NO_PODS)
    return Standing(service=request.service, parts=parts, placed=placed)


def stands(request: Request, usage: Usage, standing: Standing | None) -> bool:
    """Whether this service is as it was when it was last seen to stand."""
    return (
        standing is not None
        and standing.service is request.service
        and standing.parts is usage.running.get(request.service.key, NO_PODS)
        and standing.placed.granted == request.in_force == request.targets
        and standing.placed.groups == request.previous
    )
