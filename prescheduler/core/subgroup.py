"""Domains seen with their tier: where groups may go, the commonest first.

low = S2 of one GPU class; medium = S2 of several, less those of its S1s that are themselves mixed; high = a mixed S1.
Tier follows membership, never what is free or ready, and remembers classes for a while: a drained node flips nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from disaggregated_service.core.deployment_group import Domain, Except
from disaggregated_service.core.placement_spec import Tier
from prescheduler.core.topology import UNKNOWN_INDEX, Integers, ProfileView, Topology

TIERS = (Tier.LOW, Tier.MEDIUM, Tier.HIGH)
SCARCITY: Mapping[Tier, int] = {tier: rank for rank, tier in enumerate(TIERS)}
CLUSTER = Domain(())


class Level(IntEnum):
    """How wide a subgroup is."""

    S1 = 0
    S2 = 1
    CLUSTER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroup:
    """A domain with its tier. exclude: inner domains that are left to scarcer tiers."""

    domain: Domain
    level: Level
    tier: Tier
    exclude: Except | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subgroups:
    """All subgroups of a profile: S1s, then S2s, then the cluster as each tier may see it; each sorted by domain.

    s1, s2: per node the subgroup at that level, or UNKNOWN_INDEX (a node of a mixed S1 belongs to no S2 subgroup).
    cluster: such an array for each subgroup of level CLUSTER, the tier in ascending order. tier: per node its rank.
    """

    view: ProfileView
    subgroups: tuple[Subgroup, ...]
    number: Mapping[tuple[Domain, Tier | None], int]
    s1: Integers
    s2: Integers
    cluster: tuple[Integers, ...]
    tier: Integers


def classes_now(view: ProfileView) -> Iterator[tuple[Domain, str]]:
    """Each class that a member of a domain has, at both levels, once a domain."""
    for domains, indices in ((view.s1_domains, view.s1), (view.s2_domains, view.s2)):
        for domain, gpu_class in _pairs(view, indices):
            yield domains[domain], view.classes[gpu_class]


def classify(topology: Topology, profile_name: str, known: Mapping[Domain, set[str]]) -> Subgroups:
    """The subgroups of one profile. known: per domain the classes that were seen there a while ago; they count too."""
    view = topology.views[profile_name]
    mixed_s1 = _mixed(view, view.s1, view.s1_domains, known)
    mixed_s2 = _mixed(view, view.s2, view.s2_domains, known)
    excepts = _exclusions(view, mixed_s1)
    inner = np.array([s1 in excepts.left_out for s1 in range(len(view.s1_domains))], dtype=np.bool_)
    s1_groups = [
        Subgroup(domain=domain, level=Level.S1, tier=_s1_tier(view, position, mixed_s1, mixed_s2, inner))
        for position, domain in enumerate(view.s1_domains)
    ]
    s2_groups = [
        Subgroup(
            domain=domain, level=Level.S2, exclude=excepts.of_s2.get(position),
            tier=Tier.MEDIUM if mixed_s2[position] else Tier.LOW,
        )
        for position, domain in enumerate(view.s2_domains)
    ]  # fmt: skip
    s2 = np.where(view.s2 >= 0, view.s2 + len(s1_groups), UNKNOWN_INDEX)
    if len(inner):
        s2[(view.s1 >= 0) & inner[view.s1]] = UNKNOWN_INDEX
    cluster_groups, allowed = _clusters(topology, view, s1_groups, s2_groups)
    first = len(s1_groups) + len(s2_groups)
    subgroups = (*s1_groups, *s2_groups, *cluster_groups)
    return Subgroups(
        view=view, subgroups=subgroups, number=_numbered(subgroups), s1=view.s1, s2=s2,
        cluster=tuple(np.where(flags, first + position, UNKNOWN_INDEX) for position, flags in enumerate(allowed)),
        tier=_node_tiers(view, s1_groups, s2_groups, s2 - len(s1_groups)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Exclusions:
    """of_s2: what each S2 leaves out. left_out: the S1s that are indeed left out."""

    of_s2: dict[int, Except]
    left_out: set[int]


def _exclusions(view: ProfileView, mixed_s1: list[bool]) -> _Exclusions:
    """A rule can name one key only: where mixed S1s of an S2 go by several keys, the commonest is left out."""
    by_s2: dict[int, list[int]] = {}
    for s1, mixed in enumerate(mixed_s1):
        if mixed and view.s1_parent[s1] >= 0:
            by_s2.setdefault(int(view.s1_parent[s1]), []).append(s1)
    of_s2: dict[int, Except] = {}
    left_out: set[int] = set()
    for s2, inner in by_s2.items():
        leaves = {s1: view.s1_domains[s1].labels[-1] for s1 in inner}
        key = _commonest(leaf.key for leaf in leaves.values())
        of_s2[s2] = Except(key, tuple(sorted(leaf.value for leaf in leaves.values() if leaf.key == key)))
        left_out |= {s1 for s1, leaf in leaves.items() if leaf.key == key}
    return _Exclusions(of_s2, left_out)


def _s1_tier(view: ProfileView, s1: int, mixed_s1: list[bool], mixed_s2: list[bool], inner: np.ndarray) -> Tier:
    parent = int(view.s1_parent[s1])
    if mixed_s1[s1] and (parent < 0 or inner[s1]):
        return Tier.HIGH
    return Tier.MEDIUM if parent >= 0 and mixed_s2[parent] else Tier.LOW


def _clusters(
    topology: Topology, view: ProfileView, s1: list[Subgroup], s2: list[Subgroup]
) -> tuple[list[Subgroup], list[np.ndarray]]:
    """The whole cluster less its scarcer domains, once a tier: a service that asks for no switch leaves them alone."""
    groups: list[Subgroup] = []
    allowed: list[np.ndarray] = []
    scarcer: tuple[tuple[Tier, list[Domain]], ...] = (
        (Tier.LOW, [group.domain for group in s2 if group.tier is Tier.MEDIUM]),
        (Tier.MEDIUM, [group.domain for group in s1 if group.tier is Tier.HIGH]),
        (Tier.HIGH, []),
    )
    for tier, domains in scarcer:
        leaves = [domain.labels[-1] for domain in domains]
        key = _commonest(leaf.key for leaf in leaves)
        values = {leaf.value for leaf in leaves if leaf.key == key}
        flags = np.array([node.labels.get(key) not in values for node in topology.nodes], dtype=np.bool_) & view.member
        exclude = Except(key, tuple(sorted(values))) if values else None
        groups.append(Subgroup(domain=CLUSTER, level=Level.CLUSTER, tier=tier, exclude=exclude))
        allowed.append(flags)
    return groups, allowed


def _numbered(subgroups: tuple[Subgroup, ...]) -> dict[tuple[Domain, Tier | None], int]:
    """Where to find a subgroup again: by domain alone, since tiers change; the cluster's by tier too."""
    return {
        (subgroup.domain, subgroup.tier if subgroup.level is Level.CLUSTER else None): position
        for position, subgroup in enumerate(subgroups)
    }


def _node_tiers(view: ProfileView, s1: list[Subgroup], s2: list[Subgroup], s2_of_node: Integers) -> Integers:
    ranks = np.full(len(view.s1), UNKNOWN_INDEX, dtype=np.int64)
    for groups, indices in ((s2, s2_of_node), (s1, view.s1)):
        if groups:
            of_group = np.array([SCARCITY[group.tier] for group in groups], dtype=np.int64)
            missing = (ranks < 0) & (indices >= 0)
            ranks[missing] = of_group[indices[missing]]
    return ranks


def _mixed(
    view: ProfileView, indices: Integers, domains: tuple[Domain, ...], known: Mapping[Domain, set[str]]
) -> list[bool]:
    classes: list[set[str]] = [set(known.get(domain, ())) for domain in domains] if known else [set() for _ in domains]
    for domain, gpu_class in _pairs(view, indices):
        classes[domain].add(view.classes[gpu_class])
    return [len(found) > 1 for found in classes]


def _pairs(view: ProfileView, indices: Integers) -> list[tuple[int, int]]:
    """Distinct (domain, class) of a level, both known."""
    counted = (indices >= 0) & (view.gpu_class >= 0)
    width = max(1, len(view.classes))
    codes = np.unique(indices[counted] * width + view.gpu_class[counted]).tolist()
    return [divmod(code, width) for code in codes]


def _commonest(keys: Iterable[str]) -> str:
    counted = Counter(keys)
    return min(counted, key=lambda key: (-counted[key], key)) if counted else ""
