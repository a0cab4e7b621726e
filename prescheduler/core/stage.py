"""The tables of one cycle: every profile's subgroups with their room, changed as the cycle allots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from disaggregated_service.core.placement_spec import Affinity
from prescheduler.core.bound import SiteMap
from prescheduler.core.candidates import Candidates, candidates
from prescheduler.core.capacity import Capacity, FreeGpus
from prescheduler.core.places import ANY_CLASS, Places
from prescheduler.core.reserve import Reserves
from prescheduler.core.shape import Shape
from prescheduler.core.subgroup import SCARCITY, Subgroups
from prescheduler.core.topology import Integers, Topology
from prescheduler.core.usage import Usage


class ProfileStage:
    """One profile: who is where, which subgroups satisfy what, and what its tiers may still give."""

    def __init__(self, name: str, topology: Topology, subgroups: Subgroups, places: Places, free: FreeGpus) -> None:
        self.subgroups = subgroups
        self.sites = SiteMap(topology, subgroups)
        self.reserves = Reserves(subgroups, free)
        self.classes: Mapping[str | None, int] = {
            None: ANY_CLASS,
            **{gpu_class: number for number, gpu_class in enumerate(subgroups.view.classes)},
        }
        self._name = name
        self._places = places
        self._candidates: dict[Affinity, Candidates] = {}

    def candidates(self, affinity: Affinity) -> Candidates:
        if affinity not in self._candidates:
            self._candidates[affinity] = candidates(self.subgroups, affinity)
        return self._candidates[affinity]

    def places(self, subgroups: Integers, gpu_class: str | None) -> Integers:
        """Of capacity: each subgroup as the class sees it. The class must be one of `classes`."""
        return self._places.numbers(self._name, subgroups, self.classes[gpu_class])

    def tier_rank(self, subgroup: int) -> int:
        return SCARCITY[self.subgroups.subgroups[subgroup].tier]

    def place(self, subgroup: int, gpu_class: str | None) -> int:
        return self._places.number(self._name, subgroup, self.classes[gpu_class])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """All profiles over one set of nodes and pods."""

    topology: Topology
    profiles: Mapping[str, ProfileStage]
    places: Places
    capacity: Capacity
    free: FreeGpus


def set_up(topology: Topology, classified: Mapping[str, Subgroups], shapes: Iterable[Shape], usage: Usage) -> Stage:
    """The tables before anything is allotted. classified: the profiles that are asked for."""
    places = Places(classified, len(topology.nodes))
    free = FreeGpus(topology, usage)
    return Stage(
        topology=topology,
        profiles={name: ProfileStage(name, topology, groups, places, free) for name, groups in classified.items()},
        places=places,
        capacity=Capacity(places, sorted(set(shapes)), free),
        free=free,
    )
