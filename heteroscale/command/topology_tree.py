"""The nodes as a tree of domains, with what is free in each, for every way of showing. Values only; draws nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from disaggregated_service.core.deployment_group import DeploymentGroup, Domain, Label
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.placement_spec import Tier
from prescheduler.core.record import PodRecord
from prescheduler.core.subgroup import Level, Subgroups
from prescheduler.core.topology import Labels, Topology

NO_CLASS = "no class"
Groups = Mapping[ServiceKey, Sequence[DeploymentGroup]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassUse:
    """The nodes of one GPU class in a domain. gpus: of placeable nodes with RDMA; used: held by pods there.

    out: nodes that take no replica now: not ready, cordoned, or without the RDMA resource asked for.
    """

    name: str
    nodes: int
    gpus: int
    used: int
    out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One domain. label: its own, None at the root and for the unknown. tier: of S1s and S2s. groups: in words."""

    level: str
    label: Label | None
    tier: Tier | None
    classes: tuple[ClassUse, ...]
    groups: tuple[str, ...] = ()
    children: tuple[Branch, ...] = ()


def tree(topology: Topology, subgroups: Subgroups, pods: Iterable[PodRecord], groups: Groups) -> Branch:
    """The whole cluster as one profile sees it. Nodes that its nodeSelector leaves out are not there."""
    sowing = _Sowing(topology, subgroups, _held(subgroups, pods), _placed(groups))
    members = [position for position, facts in enumerate(subgroups.view.facts) if facts.member]
    known = [position for position in members if sowing.path(position)]
    unknown = [position for position in members if not sowing.path(position)]
    lost = []
    if unknown:
        words = _unknown_groups(groups)
        lost = [Branch(level="unknown", label=None, tier=None, classes=sowing.uses(unknown), groups=words)]
    return Branch(
        level="cluster",
        label=None,
        tier=None,
        classes=sowing.uses(members),
        groups=sowing.groups.get(Domain(()), ()),
        children=(*sowing.branches((), known), *lost),
    )


def _held(subgroups: Subgroups, pods: Iterable[PodRecord]) -> Counter[str]:
    resource = subgroups.view.profile.gpu_resource
    held: Counter[str] = Counter()
    for pod in pods:
        if pod.node:
            held[pod.node] += pod.requests.get(resource, 0)
    return held


def _unknown_groups(groups: Groups) -> tuple[str, ...]:
    return tuple(
        _words(key, group) for key, several in sorted(groups.items()) for group in several if group.domain is None
    )


def _words(key: ServiceKey, group: DeploymentGroup) -> str:
    return f"{key.namespace}/{group.name} {group.pair}"


def _placed(groups: Groups) -> dict[Domain, tuple[str, ...]]:
    found: defaultdict[Domain, list[str]] = defaultdict(list)
    for key, several in sorted(groups.items()):
        for group in several:
            if group.domain is not None:
                found[group.domain].append(_words(key, group))
    return {domain: tuple(words) for domain, words in found.items()}


@dataclass(frozen=True, slots=True)
class _Sowing:
    topology: Topology
    subgroups: Subgroups
    held: Counter[str]
    groups: Mapping[Domain, tuple[str, ...]]

    def path(self, position: int) -> Labels:
        """The node's innermost domain; () where it has none at S1 or S2."""
        facts = self.subgroups.view.facts[position]
        return facts.s1 or facts.s2

    def branches(self, above: Labels, positions: Sequence[int]) -> tuple[Branch, ...]:
        """The domains right below `above`, by label; nodes that end at it need no branch."""
        below: defaultdict[Label, list[int]] = defaultdict(list)
        for position in positions:
            path = self.path(position)
            if len(path) > len(above):
                below[path[len(above)]].append(position)
        return tuple(self._branch((*above, label), nodes) for label, nodes in sorted(below.items()))

    def _branch(self, path: Labels, positions: Sequence[int]) -> Branch:
        domain = Domain(path)
        number = self.subgroups.number.get((domain, None))
        subgroup = None if number is None else self.subgroups.subgroups[number]
        return Branch(
            level=path[-1].key.rpartition("/")[2] if subgroup is None else subgroup.level.name.lower(),
            label=path[-1],
            tier=None if subgroup is None or subgroup.level is Level.CLUSTER else subgroup.tier,
            classes=self.uses(positions),
            groups=self.groups.get(domain, ()),
            children=self.branches(path, positions),
        )

    def uses(self, positions: Sequence[int]) -> tuple[ClassUse, ...]:
        by_class: defaultdict[str, list[int]] = defaultdict(list)
        for position in positions:
            by_class[self.subgroups.view.facts[position].gpu_class or NO_CLASS].append(position)
        return tuple(self._use(name, nodes) for name, nodes in sorted(by_class.items()))

    def _use(self, name: str, positions: Sequence[int]) -> ClassUse:
        facts = self.subgroups.view.facts
        open_ = [at for at in positions if bool(self.topology.placeable[at]) and facts[at].rdma]
        return ClassUse(
            name=name,
            nodes=len(positions),
            gpus=sum(facts[at].gpus for at in open_),
            used=sum(min(self.held[self.topology.names[at]], facts[at].gpus) for at in open_),
            out=len(positions) - len(open_),
        )
