"""Nodes as each profile sees them: an immutable view, shared by all cycles until the set of nodes changes.

A domain is the tuple of all its level labels, the upper ones included, because leaf values need not be unique (rack-1
under two spines). A node that lacks a label of a level is unknown there, and no rule at that level counts on it. It
must never know pods, services or tiers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from disaggregated_service.core.deployment_group import Domain, Label
from disaggregated_service.core.gpu_class import gpu_class_of
from disaggregated_service.core.node_levels import levels_of, speaks_for
from disaggregated_service.core.topology_labels import TopologyProfile
from prescheduler.core.record import NodeRecord

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNKNOWN_INDEX = -1  # in arrays: the node has no such domain, or no such class
Labels = tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What one profile reads from one node. s1, s2: labels of its domains, the outermost first; () where unknown."""

    member: bool
    s1: Labels = ()
    s2: Labels = ()
    gpu_class: str | None = None
    rdma: bool = False
    gpus: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProfileView:
    """All nodes through one profile. Arrays have one entry a node, in the order of Topology.names.

    s1, s2, gpu_class: indices into s1_domains, s2_domains and classes, or UNKNOWN_INDEX. s1_parent: per S1 domain the
    index of its S2. member: its nodeSelector takes the node in. eligible: a member with a class and the RDMA asked for.
    """

    profile: TopologyProfile
    facts: tuple[NodeFacts, ...]
    classes: tuple[str, ...]
    s1_domains: tuple[Domain, ...]
    s2_domains: tuple[Domain, ...]
    s1_parent: Integers
    s1: Integers
    s2: Integers
    gpu_class: Integers
    gpus: Integers
    rdma: Flags
    member: Flags
    eligible: Flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Topology:
    """Nodes sorted by name, and a view of them for each profile. Two are equal only if they are the same object."""

    nodes: tuple[NodeRecord, ...]
    names: tuple[str, ...]
    index: Mapping[str, int]
    placeable: Flags
    views: Mapping[str, ProfileView]


def build(
    nodes: Sequence[NodeRecord], profiles: Mapping[str, TopologyProfile], previous: Topology | None = None
) -> Topology:
    """The topology of these nodes. What `previous` read from nodes whose record did not change is not read again."""
    ordered = tuple(sorted(nodes, key=lambda node: node.name))
    names = tuple(node.name for node in ordered)
    return Topology(
        nodes=ordered,
        names=names,
        index={name: position for position, name in enumerate(names)},
        placeable=np.array([node.placeable for node in ordered], dtype=np.bool_),
        views={name: _view(ordered, profiles[name], _known(previous, profiles[name])) for name in sorted(profiles)},
    )


def carries_rdma(profile: TopologyProfile, allocatable: Mapping[str, int]) -> bool:
    """Whether the node has one of the profile's RDMA resources; an empty list does not ask."""
    if not profile.rdma_resources:
        return True
    return any(
        count > 0 and any(fnmatchcase(name, pattern) for pattern in profile.rdma_resources)
        for name, count in allocatable.items()
    )


def _known(previous: Topology | None, profile: TopologyProfile) -> dict[str, tuple[NodeRecord, NodeFacts]]:
    view = previous.views.get(profile.name) if previous is not None else None
    if previous is None or view is None or view.profile != profile:
        return {}
    return {node.name: (node, facts) for node, facts in zip(previous.nodes, view.facts, strict=True)}


def _facts(node: NodeRecord, profile: TopologyProfile) -> NodeFacts:
    if not speaks_for(profile, node.labels):
        return NodeFacts(member=False)
    levels = levels_of(profile, node.labels)
    outer = levels.upper if levels.s2 is None else (*levels.upper, levels.s2)
    return NodeFacts(
        member=True,
        s1=() if levels.s1 is None else (*outer, levels.s1),
        s2=() if levels.s2 is None else outer,
        gpu_class=gpu_class_of(profile, node.labels),
        rdma=carries_rdma(profile, node.allocatable),
        gpus=node.allocatable.get(profile.gpu_resource, 0),
    )


def _view(
    nodes: tuple[NodeRecord, ...], profile: TopologyProfile, known: Mapping[str, tuple[NodeRecord, NodeFacts]]
) -> ProfileView:
    facts: list[NodeFacts] = []
    for node in nodes:
        before = known.get(node.name)
        unchanged = before is not None and (before[0] is node or before[0] == node)
        facts.append(before[1] if before is not None and unchanged else _facts(node, profile))
    s1_domains, s1 = _indexed(nodes, [fact.s1 for fact in facts])
    s2_domains, s2 = _indexed(nodes, [fact.s2 for fact in facts])
    classes = tuple(name for name, _ in profile.classes)
    number = {name: position for position, name in enumerate(classes)}
    gpu_class = np.array(
        [UNKNOWN_INDEX if fact.gpu_class is None else number[fact.gpu_class] for fact in facts], dtype=np.int64
    )
    member = np.array([fact.member for fact in facts], dtype=np.bool_)
    rdma = np.array([fact.rdma for fact in facts], dtype=np.bool_)
    parent = np.full(len(s1_domains), UNKNOWN_INDEX, dtype=np.int64)
    parent[s1[s1 >= 0]] = s2[s1 >= 0]
    return ProfileView(
        profile=profile, facts=tuple(facts), classes=classes,
        s1_domains=s1_domains, s2_domains=s2_domains, s1_parent=parent, s1=s1, s2=s2,
        gpu_class=gpu_class, gpus=np.array([fact.gpus for fact in facts], dtype=np.int64),
        rdma=rdma, member=member, eligible=member & rdma & (gpu_class >= 0),
    )  # fmt: skip


def _indexed(nodes: tuple[NodeRecord, ...], labels: list[Labels]) -> tuple[tuple[Domain, ...], Integers]:
    """The domains of one level, sorted, and each node's index among them."""
    distinct = {carried for carried in labels if carried}
    distinct -= _ambiguous(nodes, labels, distinct)
    domains = sorted(distinct)
    number = {domain: position for position, domain in enumerate(domains)}
    indices = np.array([number.get(carried, UNKNOWN_INDEX) for carried in labels], dtype=np.int64)
    return tuple(Domain(domain) for domain in domains), indices


def _ambiguous(nodes: tuple[NodeRecord, ...], labels: list[Labels], distinct: set[Labels]) -> set[Labels]:
    """Domains whose rule would also match nodes of another one, because those carry further labels.

    Some nodes carry zone and spine, one only the spine: a rule for the latter's domain (spine alone) lets pods on the
    former, whose room was promised to others. Its nodes lack a label, so they count as unknown.
    """
    by_keys: defaultdict[tuple[str, ...], set[Labels]] = defaultdict(set)
    for domain in distinct:
        by_keys[tuple(label.key for label in domain)].add(domain)
    if len(by_keys) < 2:
        return set()
    found: set[Labels] = set()
    for node, own in zip(nodes, labels, strict=True):
        for keys, domains in by_keys.items():
            if not own or keys == tuple(label.key for label in own):
                continue
            seen = tuple(Label(key, node.labels.get(key, "")) for key in keys)
            if seen in domains:
                found.add(seen)
    return found
