"""What one service holds while a cycle goes on: the working copy from which its groups are made at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import TopologyProfile
from prescheduler.core.affinity import WIDEST, affinities
from prescheduler.core.bound import Running, running_of
from prescheduler.core.decrease import decreased
from prescheduler.core.plan import Refusal, Request
from prescheduler.core.settle import settled
from prescheduler.core.shape import Shape, shape_of
from prescheduler.core.site import Cell, Cells, Site, add, cells_of, number_of, scarcest_first
from prescheduler.core.stage import ProfileStage, Stage
from prescheduler.core.subgroup import SCARCITY, TIERS
from prescheduler.core.usage import Usage


@dataclass(slots=True, kw_only=True)
class Holding:
    """cells: all that is allotted. pending: of these, not bound. stranded: of the pending, those without room.

    homeless: replicas in force that are allotted nowhere. leaving: what still runs after an earlier decrease, and is
    allotted no more. granted: starts as what stays after all decreases. claimed: of the stranded, those for which there
    is a node now, though it is promised to others: they may take it all the same.
    """

    request: Request
    profile: ProfileStage
    shapes: Mapping[Role, Shape]
    cells: dict[Role, Cells]
    pending: dict[Role, Cells]
    homeless: dict[Role, int]
    leaving: dict[Role, Cells]
    granted: Pair
    claimed: dict[Role, Cells] = field(default_factory=lambda: {role: {} for role in ROLES})
    stranded: dict[Role, Cells] = field(default_factory=lambda: {role: {} for role in ROLES})
    refused: Mapping[Refusal, int] = field(default_factory=dict)

    @property
    def service(self) -> DisaggregatedService:
        return self.request.service

    def homes(self) -> set[Site]:
        """Where the service lives."""
        return {cell.site for role in ROLES for cell in self.cells[role]}

    def unplaced(self) -> Pair:
        """Replicas in force that have no room anywhere yet."""
        return Pair(*(self.homeless[role] + sum(self.stranded[role].values()) for role in ROLES))


def hold(request: Request, stage: Stage, profile: ProfileStage, usage: Usage) -> Holding | None:
    """What runs and what was allotted, together as many as are in force.

    None for a service that asks for nothing, and all of which runs where it was allotted.
    """
    before = {role: _still_allowed(cells, request, profile) for role, cells in cells_of(request.previous).items()}
    known = frozenset(cell.site for role in ROLES for cell in before[role])
    running = running_of(request.service, usage, profile.sites, known)

    if request.in_force == request.targets and _all_runs(request, running, before):
        return None

    def order(cells: Iterable[Cell]) -> list[Cell]:
        return scarcest_first(cells, profile.subgroups)

    found = {
        role: settled(running[role].whole, running[role].half, before[role], request.in_force.of(role), order)
        for role in ROLES
    }
    holding = Holding(
        request=request,
        profile=profile,
        shapes=shapes_of(request.service, profile.subgroups.view.profile),
        cells={role: found[role].cells for role in ROLES},
        pending={role: found[role].pending for role in ROLES},
        homeless={role: found[role].homeless for role in ROLES},
        leaving={role: found[role].leaving for role in ROLES},
        granted=request.in_force,
    )
    _charge(holding, running, stage)
    return holding


def _all_runs(request: Request, running: Mapping[Role, Running], before: Mapping[Role, Cells]) -> bool:
    return all(
        not running[role].half
        and running[role].whole == before[role]
        and sum(before[role].values()) == request.in_force.of(role)
        for role in ROLES
    )


def shapes_of(service: DisaggregatedService, profile: TopologyProfile) -> Mapping[Role, Shape]:
    """What a replica of each role needs."""
    return {role: shape_of(service.spec.roles.of(role), profile.gpu_resource) for role in ROLES}


def shrink(holding: Holding) -> None:
    """Lower targets, and nothing else, take replicas away: those without a place first, then by tier."""
    request = holding.request
    by = {role: max(0, request.in_force.of(role) - request.targets.of(role)) for role in ROLES}
    if not any(by.values()):
        return
    for role in ROLES:
        by[role] -= _given_up_unplaced(holding, role, by[role])
    kept = decreased(holding.cells, by, lambda cells: scarcest_first(cells, holding.profile.subgroups))
    for role in ROLES:
        for cell, count in list(holding.cells[role].items()):
            _give_up(holding, role, cell, count - kept[role].get(cell, 0))
    holding.granted = Pair(*(min(request.in_force.of(role), request.targets.of(role)) for role in ROLES))


def _given_up_unplaced(holding: Holding, role: Role, replicas: int) -> int:
    """Takes up to so many of those without a place; how many there were."""
    housed = min(replicas, holding.homeless[role])
    holding.homeless[role] -= housed
    left = replicas - housed
    for cell in scarcest_first(holding.stranded[role], holding.profile.subgroups):
        gone = min(left, holding.stranded[role][cell])
        _give_up(holding, role, cell, gone)
        left -= gone
    return replicas - left


def _give_up(holding: Holding, role: Role, cell: Cell, replicas: int) -> None:
    """Of a cell, those without room first, then those that are not bound: a ReplicaSet takes these first too."""
    add(holding.cells[role], cell, -replicas)
    for waiting in (holding.pending[role], holding.stranded[role]):
        add(waiting, cell, -min(replicas, waiting.get(cell, 0)))


def house(holding: Holding, role: Role, cell: Cell, replicas: int, stage: Stage) -> None:
    """So many replicas without a place get this one: the homeless first, then the stranded of the scarcest tier."""
    housed = min(replicas, holding.homeless[role])
    holding.homeless[role] -= housed
    for cells in (holding.cells[role], holding.pending[role]):
        add(cells, cell, housed)
    left = replicas - housed
    for old in scarcest_first(holding.stranded[role], holding.profile.subgroups):
        moved = min(left, holding.stranded[role][old])
        left -= moved
        move(holding, role, old, cell, moved, stage)


def move(holding: Holding, role: Role, old: Cell, new: Cell, replicas: int, stage: Stage) -> None:
    """So many of the stranded are allotted elsewhere."""
    released = min(replicas, holding.claimed[role].get(old, 0))
    place = place_of(holding, old)
    if released and place is not None:
        stage.capacity.take(holding.shapes[role], place, -released)
        add(holding.claimed[role], old, -released)
    for cells in (holding.stranded[role], holding.pending[role], holding.cells[role]):
        add(cells, old, -replicas)
    for cells in (holding.pending[role], holding.cells[role]):
        add(cells, new, replicas)


def _still_allowed(cells: Cells, request: Request, profile: ProfileStage) -> Cells:
    """Of an earlier plan what the affinity allows today: after an edit from cluster to s2 the cluster is no group."""
    widest = WIDEST[list(affinities(request.service))[-1]]
    numbers = {cell: number_of(cell.site, profile.subgroups) for cell in cells}
    return {
        cell: count
        for cell, count in cells.items()
        if (number := numbers[cell]) is None or profile.subgroups.subgroups[number].level <= widest
    }


def _charge(holding: Holding, running: Mapping[Role, Running], stage: Stage) -> None:
    """Promise again what was promised and is not bound yet, as far as there is still room for it.

    A half-bound replica keeps the promise whatever room there is: others must not be given what it still needs.
    """
    profile = holding.profile
    for role in ROLES:
        shape = holding.shapes[role]
        for cell in reversed(scarcest_first(holding.pending[role], profile.subgroups)):
            waiting = holding.pending[role][cell]
            subgroup = number_of(cell.site, profile.subgroups)
            kept = 0
            if subgroup is not None and cell.gpu_class in profile.classes:
                place = profile.place(subgroup, cell.gpu_class)
                kept = min(waiting, running[role].half.get(cell, 0))
                stage.capacity.take(shape, place, kept)
                if _asked_for(holding, role, cell, subgroup):
                    more = stage.capacity.fitting(shape, place, waiting - kept)
                    stage.capacity.take(shape, place, more)
                    kept += more
                profile.reserves.take(profile.tier_rank(subgroup), kept * shape.gpus_of_replica)
            if waiting > kept:
                add(holding.stranded[role], cell, waiting - kept)
                claim(holding, role, cell, waiting - kept, stage)


def claim(holding: Holding, role: Role, cell: Cell, replicas: int, stage: Stage) -> None:
    """Pods that wait without a promise take whatever node comes free: others must not be promised those."""
    place = place_of(holding, cell)
    if place is None:
        return
    taking = min(replicas, stage.capacity.open_slots(holding.shapes[role], place))
    stage.capacity.take(holding.shapes[role], place, taking)
    add(holding.claimed[role], cell, taking)


def place_of(holding: Holding, cell: Cell) -> int | None:
    """Of capacity; None where nobody knows its domain or class today."""
    subgroup = number_of(cell.site, holding.profile.subgroups)
    if subgroup is None or cell.gpu_class not in holding.profile.classes:
        return None
    return holding.profile.place(subgroup, cell.gpu_class)


def _asked_for(holding: Holding, role: Role, cell: Cell, subgroup: int) -> bool:
    """Whether the spec would still allot there: an edit may have named other classes, or a lower tier."""
    named = holding.service.spec.roles.of(role).gpu_classes
    rank_max = SCARCITY[holding.service.spec.placement.max_tier or TIERS[-1]]
    return (not named or cell.gpu_class in named) and holding.profile.tier_rank(subgroup) <= rank_max
