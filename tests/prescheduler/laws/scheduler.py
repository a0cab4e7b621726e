"""A scheduler at its worst: it binds what was allotted one pod at a time, in any order, to any node that the rules allow.

The rules are read here once more and apart from the planner: a node has the group's labels, none of the labels that it
excludes, a product of the role's class, RDMA, and enough free GPUs. A replica of several nodes is bound at once (a gang),
to whole free nodes under one S1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.service import DisaggregatedService
from prescheduler.core.record import NodeRecord, PodRecord
from tests.prescheduler.cluster_text import GPU, PRODUCT, RDMA, S1, pod

Choice = Callable[[Sequence[list[str]]], list[str]]


@dataclass(frozen=True, slots=True)
class Replica:
    """One that was allotted and is not bound."""

    service: DisaggregatedService
    role: Role
    group: DeploymentGroup


@dataclass
class Scheduler:
    """Free GPUs per node, and the pods bound so far."""

    nodes: dict[str, NodeRecord]
    random: Random
    packs: bool
    free: dict[str, int] = field(default_factory=dict)
    pods: list[PodRecord] = field(default_factory=list)

    @classmethod
    def over(cls, nodes: dict[str, NodeRecord], pods: Sequence[PodRecord], random: Random, *, packs: bool) -> Scheduler:
        """packs: most-allocated first, as the shipped profile does; otherwise any node at random."""
        found = cls(nodes, random, packs, {name: node.allocatable[GPU] for name, node in nodes.items()})
        for bound in pods:
            found.add(bound)
        return found

    def add(self, bound: PodRecord) -> None:
        self.pods.append(bound)
        if bound.node in self.free:
            self.free[bound.node] -= bound.requests.get(GPU, 0)

    def bind(self, replica: Replica) -> bool:
        """Whether there was a place for it."""
        spec = replica.service.spec.roles.of(replica.role)
        gpus = spec.gpus_per_replica // spec.nodes_per_replica
        open_ = [name for name in sorted(self.nodes) if _allowed(self.nodes[name], replica) and self.free[name] >= gpus]
        if spec.nodes_per_replica > 1:
            places = self._gangs(open_, spec.nodes_per_replica)
        else:
            places = [[name] for name in open_]
        if not places:
            return False
        chosen = min(places, key=lambda place: self.free[place[0]]) if self.packs else self.random.choice(places)
        first = 1 + max((int(bound.uid) for bound in self.pods), default=-1)
        for number, node in enumerate(chosen, start=first):
            part = replica.role if len(chosen) == 1 else f"{replica.role}#{first}"
            self.add(pod(replica.service, part, number, node, group=replica.group.name))
        return True

    def _gangs(self, open_: Sequence[str], nodes: int) -> list[list[str]]:
        """Whole free nodes under each S1, as many as a replica has."""
        under: dict[tuple[str, ...], list[str]] = {}
        for name in open_:
            labels = self.nodes[name].labels
            if self.free[name] == self.nodes[name].allocatable[GPU] and S1 in labels:
                path = tuple(value for key, value in sorted(labels.items()) if key != PRODUCT)
                under.setdefault(path, []).append(name)
        return [self.random.sample(names, nodes) for names in under.values() if len(names) >= nodes]


def waiting(
    service: DisaggregatedService, groups: Sequence[DeploymentGroup], pods: Sequence[PodRecord]
) -> list[Replica]:
    """What the groups hold that no pod of theirs is bound for."""
    found: list[Replica] = []
    for group in groups:
        for role in ROLES:
            bound = sum(each.service == service.key and each.role is role and each.group == group.name for each in pods)
            missing = group.replicas(role) - bound // service.spec.roles.of(role).nodes_per_replica
            found += [Replica(service, role, group)] * missing
    return found


def _allowed(node: NodeRecord, replica: Replica) -> bool:
    group = replica.group
    allotment = group.allotments[replica.role]
    if group.domain is None or not node.placeable or not node.allocatable.get(RDMA):
        return False
    inside = all(node.labels.get(label.key) == label.value for label in group.domain.labels)
    outside = group.exclude is not None and node.labels.get(group.exclude.key) in group.exclude.values
    wanted = f"NVIDIA-{(allotment.gpu_class or '').upper()}"
    return inside and not outside and (allotment.gpu_class is None or node.labels[PRODUCT] == wanted)
