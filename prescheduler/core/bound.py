"""Which replicas of a service already run, by site: what groups are made of, whatever an earlier plan said.

A replica counts where its pods are bound, and as running only once all of them are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.placement_spec import Affinity
from disaggregated_service.core.role_spec import RoleSpec
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.site import UNKNOWN_SITE, Cell, Cells, Site, site_of
from prescheduler.core.subgroup import Subgroups
from prescheduler.core.topology import Topology
from prescheduler.core.usage import NO_PODS, Part, Usage

NOWHERE = -1


class SiteMap:
    """Per node of one profile: the subgroups it is in, and the cell that its replicas are counted in."""

    def __init__(self, topology: Topology, subgroups: Subgroups) -> None:
        self._index = topology.index
        self._sites = [site_of(subgroup) for subgroup in subgroups.subgroups]
        self._number = {site: number for number, site in enumerate(self._sites)}
        self._narrowest_first: list[list[int]] = np.stack(
            [subgroups.s1, subgroups.s2, *subgroups.cluster], axis=1
        ).tolist()
        self._gpu_class: list[int] = subgroups.view.gpu_class.tolist()
        self._classes = subgroups.view.classes
        self._cells: dict[tuple[int, int], Cell] = {}

    def numbers(self, sites: Iterable[Site]) -> frozenset[int]:
        """Of the sites that there are today."""
        return frozenset(self._number[site] for site in sites if site in self._number)

    def cell(self, node: str, affinity: Affinity, known: frozenset[int], by_class: bool) -> Cell:
        """At the narrowest subgroup that the service knows already, else that of its affinity.

        A mixed S1 belongs to no S2 subgroup: there, and where no S2 is known, being under one S1 is enough for s2.
        """
        position = self._index.get(node)
        if position is None:
            return self._cell(NOWHERE, NOWHERE)
        gpu_class = self._gpu_class[position] if by_class else NOWHERE
        around = self._narrowest_first[position]
        if known:
            for number in around:
                if number in known:
                    return self._cell(number, gpu_class)
        s1, s2, *clusters = around
        wanted = s1
        if affinity is Affinity.S2 and s2 >= 0:
            wanted = s2
        elif affinity in (Affinity.CLUSTER, Affinity.NONE):
            wanted = next((number for number in clusters if number >= 0), NOWHERE)
        return self._cell(wanted, gpu_class)

    def _cell(self, number: int, gpu_class: int) -> Cell:
        found = self._cells.get((number, gpu_class))
        if found is None:
            site = UNKNOWN_SITE if number < 0 else self._sites[number]
            found = Cell(site, None if gpu_class < 0 else self._classes[gpu_class])
            self._cells[number, gpu_class] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Replicas of one role. whole: all their pods are bound; half: some are, what is missing needs room beside them."""

    whole: Cells
    half: Cells


def running_of(
    service: DisaggregatedService, usage: Usage, sites: SiteMap, known: Iterable[Site]
) -> Mapping[Role, Running]:
    """What runs of each role. known: where the service was allotted something before."""
    affinity = service.spec.placement.affinity
    numbers = sites.numbers(known)
    pods: dict[Role, dict[Part, Counter[Cell]]] = {role: {} for role in ROLES}
    for part, nodes in usage.running.get(service.key, NO_PODS).items():
        found = pods[part[0]].setdefault(part, Counter())
        by_class = bool(service.spec.roles.of(part[0]).gpu_classes)
        for node, count in nodes.items():
            found[sites.cell(node, affinity, numbers, by_class)] += count
    return {role: _replicas(service.spec.roles.of(role), pods[role]) for role in ROLES}


def _replicas(spec: RoleSpec, pods: Mapping[Part, Counter[Cell]]) -> Running:
    if spec.nodes_per_replica == 1 and not spec.components:
        total: Counter[Cell] = Counter()
        for found in pods.values():
            total.update(found)
        return Running(whole=dict(total), half={})
    needed = {component.name: component.count for component in spec.components} or {"": spec.nodes_per_replica}
    whole: Counter[Cell] = Counter()
    half: Counter[Cell] = Counter()
    for cell, counts in _told_apart(pods):
        whole_here = min(counts[name] // each for name, each in needed.items())
        whole[cell] += whole_here
        half[cell] += max(-(-counts[name] // each) for name, each in needed.items()) - whole_here
    return Running(whole=dict(+whole), half=dict(+half))


def _told_apart(pods: Mapping[Part, Counter[Cell]]) -> Iterator[tuple[Cell, Counter[str]]]:
    """Pods per component: of each replica that goes by a name, where most of it is; of the others, cell by cell."""
    named: dict[str, Counter[str]] = {}
    where: dict[str, Counter[Cell]] = {}
    unnamed: dict[Cell, Counter[str]] = {}
    for (_, component, replica), found in pods.items():
        if replica:
            named.setdefault(replica, Counter())[component] += found.total()
            where.setdefault(replica, Counter()).update(found)
        else:
            for cell, count in found.items():
                unnamed.setdefault(cell, Counter())[component] += count
    yield from ((_most(where[replica]), counts) for replica, counts in named.items())
    yield from unnamed.items()


def _most(found: Counter[Cell]) -> Cell:
    return min(found, key=lambda cell: (-found[cell], cell.site.order, cell.gpu_class or ""))
