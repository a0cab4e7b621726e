"""How many waiting pods one group takes: whole bundles of both roles, as the planner grants them, or none.

A group is cut into bundles as equal as whole numbers allow, and a bundle goes when both its halves are there, running
or waiting; a role that lacks alone has single replicas for bundles. Must never know a node or a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.pair import ROLES, Pair
from disaggregated_service.core.service import DisaggregatedService
from placement_webhook.core.view import Slot, pods_per_replica

Counts = Mapping[Slot, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A gated pod. terms: what its rule would become, by each group that it could go to.

    pods: those that come with it, itself included: a leader's workers are not gated.
    """

    uid: str
    slot: Slot
    pods: int = 1
    terms: Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One group. each: pods in one replica, by slot. there: pods that it has, by slot. wanted: its replicas."""

    name: str
    each: Mapping[Slot, int]
    there: Mapping[Slot, int]
    wanted: Pair

    @classmethod
    def of(cls, service: DisaggregatedService, group: DeploymentGroup, counts: Sequence[Counts]) -> Room:
        each = {
            (service.key, role, component): pods_per_replica(service, role, component)
            for role in ROLES
            for component in [part.name for part in service.spec.roles.of(role).components] or [""]
        }
        there = {slot: sum(count.get(slot, {}).get(group.name, 0) for count in counts) for slot in each}
        return cls(name=group.name, each=each, there=there, wanted=group.pair)

    def filled(self, waiting: Iterable[Waiting]) -> tuple[set[str], set[str]]:
        """Uids that complete bundles, and uids that are half of one; both take up room that others do not get."""
        fitting = [pod for pod in sorted(waiting, key=lambda one: one.uid) if self.name in pod.terms]
        taken = {
            slot: first([pod for pod in fitting if pod.slot == slot], self.lacking(slot, self.wanted))
            for slot in self.each
        }
        reached = self._reached({slot: sum(pod.pods for pod in pods) for slot, pods in taken.items()})
        whole = {pod.uid for slot, pods in taken.items() for pod in first(pods, self.lacking(slot, reached))}
        return whole, {pod.uid for pods in taken.values() for pod in pods} - whole

    def lacking(self, slot: Slot, pair: Pair) -> int:
        """Pods of a slot that are missing from so many replicas."""
        return max(0, pair.of(slot[1]) * self.each[slot] - self.there[slot])

    def _reached(self, taken: Mapping[Slot, int]) -> Pair:
        """The replicas up to which pods may go: the most whole bundles; all of a role whose other half is all there."""
        before, complete = self._whole({}), self._whole(taken)
        *_, reached = (step for step in bundles(self.wanted) if _within(step, complete))  # none does not exist: 0P 0D
        for role in ROLES:
            if before.of(role.other) >= self.wanted.of(role.other):
                reached = reached.with_role(role, complete.of(role))
        return reached

    def _whole(self, taken: Mapping[Slot, int]) -> Pair:
        """Replicas of which every pod is there or taken."""
        whole = {slot: (self.there[slot] + taken.get(slot, 0)) // each for slot, each in self.each.items()}
        return Pair(*(min(n for slot, n in whole.items() if slot[1] is role) for role in ROLES))


def bundles(wanted: Pair) -> Iterator[Pair]:
    """A group from nothing to what it wants, bundle by bundle: 4P 12D in steps of 1P 3D, 2P 5D as 1P 3D, 2P 5D."""
    number = min(wanted.prefill, wanted.decode) or max(wanted.prefill, wanted.decode)
    yield Pair(0, 0)
    for k in range(1, number + 1):
        yield Pair(-(-k * wanted.prefill // number), -(-k * wanted.decode // number))


def _within(step: Pair, complete: Pair) -> bool:
    return step.prefill <= complete.prefill and step.decode <= complete.decode


def first(waiting: Sequence[Waiting], pods: int) -> list[Waiting]:
    """As many as bring so many pods."""
    brought = accumulate((one.pods for one in waiting), initial=0)
    return [one for one, before in zip(waiting, brought, strict=False) if before < pods]
