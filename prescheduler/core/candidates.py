"""Which subgroups satisfy an affinity, and in which of them a node counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from disaggregated_service.core.placement_spec import Affinity, Tier
from prescheduler.core.site import Site, site_of
from prescheduler.core.subgroup import SCARCITY, Level, Subgroups
from prescheduler.core.topology import Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """In order of name. subgroups: their numbers; tier: their ranks; position: where a site is among them.

    of_node: per node the candidate subgroup it is in, or UNKNOWN_INDEX; of the cluster's the widest.
    """

    subgroups: Integers
    tier: Integers
    sites: tuple[Site, ...]
    position: Mapping[Site, int]
    of_node: Integers


def candidates(subgroups: Subgroups, affinity: Affinity) -> Candidates:
    """s1: every S1. s2: every S2, and the S1s that no S2 subgroup covers (mixed ones, and those without a known S2).

    cluster: the cluster as each tier may see it.
    """
    found = [number for number in range(len(subgroups.subgroups)) if _satisfies(subgroups, number, affinity)]
    groups = [subgroups.subgroups[number] for number in found]
    sites = tuple(site_of(group) for group in groups)
    return Candidates(
        subgroups=np.array(found, dtype=np.int64),
        tier=np.array([SCARCITY[group.tier] for group in groups], dtype=np.int64),
        sites=sites,
        position={site: position for position, site in enumerate(sites)},
        of_node=_of_node(subgroups, affinity),
    )


def _satisfies(subgroups: Subgroups, number: int, affinity: Affinity) -> bool:
    group = subgroups.subgroups[number]
    match affinity:
        case Affinity.S1:
            return group.level is Level.S1
        case Affinity.S2 if group.level is Level.S1:
            return group.tier is Tier.HIGH or int(subgroups.view.s1_parent[number]) < 0
        case Affinity.S2:
            return group.level is Level.S2
        case Affinity.CLUSTER | Affinity.NONE:
            return group.level is Level.CLUSTER


def _of_node(subgroups: Subgroups, affinity: Affinity) -> Integers:
    match affinity:
        case Affinity.S1:
            return subgroups.s1
        case Affinity.S2:
            return np.where(subgroups.s2 >= 0, subgroups.s2, subgroups.s1)
        case Affinity.CLUSTER | Affinity.NONE:
            return subgroups.cluster[-1]
