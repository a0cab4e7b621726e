"""A cluster that planning cycles follow one another on, each told and answered in text.

A world of `z1/a/a1: h20 8x2` with `chat: 4g h20 + 4g h20, s2, 1:1`, asked for `chat 1P 1D`, answers

    chat 1P 1D
      chat-a z1/a low 1P h20 1D h20
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import dedent

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.ratio import Band
from disaggregated_service.core.topology_labels import TopologyProfile
from prescheduler.core.cycle import plan
from prescheduler.core.plan import Placed, Request
from prescheduler.core.record import PodRecord
from prescheduler.core.tier_memory import NOTHING_REMEMBERED
from prescheduler.core.topology import build
from tests.prescheduler.cluster_text import FABRIC, key_of, moves_of, nodes_of, pods_of, services_of

LETTER: Mapping[Role, str] = {Role.PREFILL: "P", Role.DECODE: "D"}


class World:
    """Nodes and pods that change between cycles, and what the last cycle granted and remembered."""

    def __init__(
        self,
        *,
        nodes: str,
        services: str,
        pods: str = "",
        profile: TopologyProfile = FABRIC,
        beside: Sequence[TopologyProfile] = (),
    ) -> None:
        self.nodes = nodes_of(nodes)
        self.services = services_of(services)
        self.pods: list[PodRecord] = pods_of(pods, self.services)
        self.in_force: dict[str, Pair] = {}
        self.groups: dict[str, tuple[DeploymentGroup, ...]] = {}
        self.bands: dict[str, Band] = {}
        self.memory = NOTHING_REMEMBERED
        self._profiles = {each.name: each for each in (profile, *beside)}
        self._bound = len(self.pods)

    def plan(self, moves: str, *, at_s: float = 0.0) -> str:
        """One cycle over the services that move, rendered. What was granted is in force at the next."""
        asked = moves_of(moves, self.in_force)
        requests = [
            Request(
                service=one,
                in_force=asked[name][0],
                targets=asked[name][1],
                previous=self.groups.get(name, ()),
                period_band=self.bands.get(name),
            )
            for name, one in self.services.items()
            if name in asked
        ]
        topology = build(list(self.nodes.values()), self._profiles)
        planned, self.memory = plan(topology, self.pods, requests, self.memory, at_s)
        told = []
        for name in (request.service.key.name for request in requests):
            placed = planned.placed[key_of(name)]
            self.in_force[name], self.groups[name] = placed.granted, placed.groups
            told.append(rendered(name, placed))
        return "\n".join(told)

    def bind(self, pods: str) -> None:
        """Pods that the scheduler has bound since."""
        fresh = pods_of(pods, self.services, first=self._bound)
        self._bound += len(fresh)
        self.pods += fresh

    def remove(self, pods: str) -> None:
        """Pods that are gone: of each that is written, one on that node."""
        for gone in pods_of(pods, self.services):
            same = [each for each in self.pods if _kind(each) == _kind(gone)]
            self.pods.remove(same[-1])

    def terminate(self, pods: str) -> None:
        """Pods that are told to go, and hold what they have until they are gone."""
        self.remove(pods)
        self.bind("\n".join(f"{line} terminating" for line in pods.strip().splitlines()))

    def drain(self, *names: str) -> None:
        for name in names:
            self.nodes[name] = replace(self.nodes[name], placeable=False)

    def restore(self, *names: str) -> None:
        for name in names:
            self.nodes[name] = replace(self.nodes[name], placeable=True)

    def vanish(self, *names: str) -> None:
        """Nodes are deleted; their pods stay for a while, bound to a node that nobody knows."""
        for name in names:
            del self.nodes[name]

    def edit(self, service: str) -> None:
        """The service is written anew."""
        self.services |= services_of(service)

    def relabel(self, name: str, **labels: str | None) -> None:
        """Labels by their short names (s1, s2, zone); None takes one away."""
        keys = {"s1": FABRIC.s1[0], "s2": FABRIC.s2[0], "zone": FABRIC.upper[0]}
        kept = dict(self.nodes[name].labels)
        for short, value in labels.items():
            kept.pop(keys[short], None)
            if value is not None:
                kept[keys[short]] = value
        self.nodes[name] = replace(self.nodes[name], labels=kept)

    def add(self, nodes: str) -> None:
        """New nodes; names must not be taken."""
        fresh = nodes_of(nodes)
        assert not set(fresh) & set(self.nodes)
        self.nodes |= fresh


def _kind(pod: PodRecord) -> tuple[object, ...]:
    return (pod.namespace, pod.service, pod.role, pod.component, pod.replica, pod.node)


def rendered(name: str, placed: Placed) -> str:
    """`chat 4P 12D`, its groups below it, and what was refused, most nodes first."""
    told = [f"{name} {placed.granted}", *(f"  {group_text(group)}" for group in placed.groups)]
    if placed.refused:
        counted = sorted(placed.refused.items(), key=lambda item: (-item[1], item[0]))
        told.append("  refused " + ", ".join(f"{nodes} {reason.value}" for reason, nodes in counted))
    return "\n".join(told)


def group_text(group: DeploymentGroup) -> str:
    """`chat-a z1/a but a1 medium 4P h100 12D h20`."""
    words = [group.name]
    if group.domain is not None:
        words.append(str(group.domain))
    if group.exclude is not None:
        words.append("but " + ",".join(group.exclude.values))
    if group.tier is not None:
        words.append(group.tier.value)
    for role in ROLES:
        if role in group.allotments:
            allotment = group.allotments[role]
            words.append(f"{allotment.replicas}{LETTER[role]} {allotment.gpu_class or 'any'}")
    return " ".join(words)


def text(written: str) -> str:
    """What a plan should say, left-aligned."""
    return dedent(written).strip()
