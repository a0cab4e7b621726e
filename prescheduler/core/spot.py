"""Where one bundle could go, in the order of preference. The rules of that order are all here.

The commonest tier first; within it where the service already lives; then the GPU classes it prefers; then the tightest
fit; then by name. Half a bundle goes only where the other half is: a lone prefill pool writes no answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.placement_spec import Affinity
from prescheduler.core.candidates import Candidates
from prescheduler.core.holding import Holding
from prescheduler.core.site import Site
from prescheduler.core.stage import Stage
from prescheduler.core.subgroup import SCARCITY, TIERS
from prescheduler.core.topology import Flags, Integers

Classes = Mapping[Role, str | None]
Room = Callable[[Role, Integers], Integers]  # replicas of the role, per place


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A subgroup with a GPU class for each role of the bundle. places: of capacity, per role."""

    subgroup: int
    site: Site
    tier: int
    classes: Classes
    places: Mapping[Role, int]


def spots(holding: Holding, affinity: Affinity, bundle: Pair, stage: Stage) -> Iterator[Spot]:
    """Every spot whose tables have room for the bundle, the first to try first."""
    return _ordered(holding, affinity, bundle, lambda role, places: stage.capacity.room(holding.shapes[role], places))


def spots_beyond(holding: Holding, affinity: Affinity, bundle: Pair, stage: Stage) -> Iterator[Spot]:
    """Every spot that has nodes of the classes at all, room or not: all equally tight."""
    return _ordered(
        holding, affinity, bundle, lambda role, places: np.minimum(stage.places.nodes[places], 1) * bundle.of(role)
    )


def gpus(holding: Holding, bundle: Pair) -> int:
    """GPUs that so many replicas take."""
    return sum(bundle.of(role) * holding.shapes[role].gpus_of_replica for role in ROLES)


def _ordered(holding: Holding, affinity: Affinity, bundle: Pair, room: Room) -> Iterator[Spot]:
    found = holding.profile.candidates(affinity)
    roles = [role for role in ROLES if bundle.of(role)]
    choices = _choices(holding, roles)
    homes = [found.position[site] for site in holding.homes() if site in found.position]
    away = np.ones(len(found.subgroups), dtype=np.int64)
    away[homes] = 0
    possible = _possible(holding, found, gpus(holding, bundle))
    at = [{role: holding.profile.places(found.subgroups, classes[role]) for role in roles} for classes in choices]
    columns: list[Integers] = []
    for rank, (classes, places) in enumerate(zip(choices, at, strict=True)):
        whole = np.minimum.reduce([room(role, places[role]) // bundle.of(role) for role in roles])
        open_ = possible & (whole > 0)
        if len(roles) == 1:
            open_ &= _beside_the_other(holding, found, homes, roles[0], classes[roles[0]])
        fits = np.flatnonzero(open_)
        columns.append(np.stack([found.tier[fits], away[fits], np.full(len(fits), rank), whole[fits], fits]))
    if not columns:
        return
    tiers, aways, ranks, fit, positions = np.concatenate(columns, axis=1)
    for row in np.lexsort((positions, fit, ranks, aways, tiers)).tolist():
        position, rank = int(positions[row]), int(ranks[row])
        yield Spot(
            subgroup=int(found.subgroups[position]),
            site=found.sites[position],
            tier=int(tiers[row]),
            classes=choices[rank],
            places={role: int(at[rank][role][position]) for role in roles},
        )


def _choices(holding: Holding, roles: Sequence[Role]) -> list[Classes]:
    """A class for each role, the preferred ones first: by the sum of their ranks, then by prefill's."""
    options = [wanted_classes(holding, role) for role in roles]
    ranked = product(*(enumerate(option) for option in options))
    ordered = sorted(ranked, key=lambda choice: (sum(rank for rank, _ in choice), choice[0][0]))
    return [dict(zip(roles, (gpu_class for _, gpu_class in choice), strict=True)) for choice in ordered]


def wanted_classes(holding: Holding, role: Role) -> list[str | None]:
    """The role's classes that the profile knows, in order of preference; [None] where it names none."""
    named = holding.service.spec.roles.of(role).gpu_classes
    return [name for name in named if name in holding.profile.classes] if named else [None]


def rank_max(holding: Holding) -> int:
    """The scarcest tier that the service may take."""
    return SCARCITY[holding.service.spec.placement.max_tier or TIERS[-1]]


def _possible(holding: Holding, found: Candidates, needed_gpus: int) -> Flags:
    allowed: Flags = (found.tier <= rank_max(holding)) & (holding.profile.reserves.left_of(found.tier) >= needed_gpus)
    return allowed


def _beside_the_other(
    holding: Holding, found: Candidates, homes: Sequence[int], role: Role, gpu_class: str | None
) -> Flags:
    """The homes where replicas of the role alone may go: in a class that is there, or any where none is yet."""
    open_ = np.zeros(len(found.subgroups), dtype=np.bool_)
    for position in homes:
        site = found.sites[position]
        here = {cell.gpu_class for cell in holding.cells[role] if cell.site == site}
        open_[position] = not here or gpu_class in here
    return open_
