"""Where replicas of one service are counted: a domain, and in it a GPU class.

The planner counts by site and class; deployment groups with their names are made of these counts at the very end
(groups.py), so that nothing here depends on how replicas are bundled into groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.deployment_group import DeploymentGroup, Domain
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.placement_spec import Tier
from prescheduler.core.subgroup import SCARCITY, Level, Subgroup, Subgroups


@dataclass(frozen=True, slots=True)
class Site:
    """A subgroup by what stays the same of it: its domain; of the whole cluster also the tier that was asked for.

    domain is None for replicas on nodes that carry no labels of the level: the group `unknown`.
    """

    domain: Domain | None
    cluster_tier: Tier | None = None
    _hash: int = field(init=False, repr=False, compare=False)  # of a long tuple, and every count is looked up by it

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.domain, self.cluster_tier)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def order(self) -> tuple[tuple[str, str], ...]:
        """By name: the labels from the outermost on."""
        return () if self.domain is None else tuple((label.key, label.value) for label in self.domain.labels)


UNKNOWN_SITE = Site(None)


@dataclass(frozen=True, slots=True)
class Cell:
    """Replicas of one role on one GPU class at one site. gpu_class: None where the service names none."""

    site: Site
    gpu_class: str | None


Cells = dict[Cell, int]
"""Replicas per cell, all above 0."""


def site_of(subgroup: Subgroup) -> Site:
    return Site(subgroup.domain, subgroup.tier if subgroup.level is Level.CLUSTER else None)


def site_of_group(group: DeploymentGroup) -> Site:
    """Of the whole cluster, whose domain has no labels, the tier belongs to it."""
    return Site(group.domain, group.tier if group.domain is not None and not group.domain.labels else None)


def number_of(site: Site, subgroups: Subgroups) -> int | None:
    """The subgroup of a site today; None for `unknown`, and for a domain that no node is in any more."""
    return None if site.domain is None else subgroups.number.get((site.domain, site.cluster_tier))


def cells_of(groups: Iterable[DeploymentGroup]) -> Mapping[Role, Cells]:
    """What groups of an earlier plan hold, per role."""
    cells: dict[Role, Cells] = {role: {} for role in ROLES}
    for group in groups:
        site = site_of_group(group)
        for role, allotment in group.allotments.items():
            if allotment.replicas > 0:
                add(cells[role], Cell(site, allotment.gpu_class), allotment.replicas)
    return cells


def add(cells: Cells, cell: Cell, replicas: int) -> None:
    """Adds, or with a negative number takes away; a cell that holds nothing is gone."""
    total = cells.get(cell, 0) + replicas
    if total:
        cells[cell] = total
    else:
        cells.pop(cell, None)


def scarcity(cell: Cell, subgroups: Subgroups) -> int:
    """The rank of the cell's tier; whatever sits where no rule can reach it counts as scarcer than the scarcest."""
    number = number_of(cell.site, subgroups)
    return len(SCARCITY) if number is None else SCARCITY[subgroups.subgroups[number].tier]


def scarcest_first(cells: Iterable[Cell], subgroups: Subgroups) -> list[Cell]:
    """The order in which replicas are given up."""
    return sorted(cells, key=lambda cell: (-scarcity(cell, subgroups), cell.site.order, cell.gpu_class or ""))
