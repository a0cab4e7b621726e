"""Exact mode's other half: which gated pods may go, each with one patch. Whoever watches pods calls it.

The webhook only closes the gate, for at admission a pod has no identity; here it has a uid, and all that wait are seen
at once. Pods are given to groups in the order of their uids, and let go in whole bundles of both roles: a half waits
for the other. Nobody waits for ever: after the deadline a pod goes with what its admission asked for, any group.
Must never know a clock or a cluster; equal inputs, equal patches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from disaggregated_service.core.pair import ROLES, Role, ServiceKey
from disaggregated_service.core.service import DisaggregatedService, Mode
from placement_webhook.core.author_rule import AuthorRule, read_author
from placement_webhook.core.bundle_room import Room, Waiting
from placement_webhook.core.group_rule import GroupRule, group_rules
from placement_webhook.core.intent import Intent, NotOurs, find_intent
from placement_webhook.core.json_patch import Patch
from placement_webhook.core.manager import manager_of
from placement_webhook.core.narrowing import into_any, into_one, is_gated, patch_of
from placement_webhook.core.node_index import NodeIndex
from placement_webhook.core.placement import NOTHING_RECENT, Counts
from placement_webhook.core.requirement import Malformed
from placement_webhook.core.view import PlacementView

DEADLINE_S = 30.0  # long enough for the slower role's ReplicaSet to create its pods, short beside loading a model


class Why(StrEnum):
    """Why a gated pod goes, or waits."""

    ALLOTTED = "allotted"  # to one group, as part of a whole bundle
    DEADLINE = "deadline"  # it has waited long enough, and takes any of the groups
    MANAGED = "managed"  # another manager chooses the domain
    SURPLUS = "surplus"  # no group it fits lacks any more: of a rollout, which has more pods than the plan has places
    NOT_EXACT = "not_exact"  # its service is not in exact mode any more
    NOT_OURS = "not_ours"  # no service's any more, or excused: nobody else would open our gate
    HALF = "half"  # waits: the other half of its bundle is not there
    NO_GROUP = "no_group"  # waits: no group that it could go to is planned


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedPod:
    """A pod as the API server has it, plain data. waiting_s: since it was created."""

    namespace: str
    pod: Mapping[str, Any]
    waiting_s: float

    @property
    def uid(self) -> str:
        return str(self.pod["metadata"]["uid"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ungate:
    """Send this one patch. group: "" where it may take any."""

    uid: str
    patch: Patch
    group: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Leave it gated."""

    uid: str
    why: Why


def ungate(
    gated: Iterable[GatedPod],
    view: PlacementView,
    nodes: NodeIndex,
    seen: Counts,
    recent: Counts = NOTHING_RECENT,
    *,
    deadline_s: float = DEADLINE_S,
) -> tuple[Ungate | Wait, ...]:
    """What becomes of each gated pod, in the order of uids; a pod without our gate has none of these.

    seen: pods of each service, role and component per group, the gated ones not among them. recent: those let go to a
    group whose label is not seen yet.
    """
    ours: dict[ServiceKey, list[tuple[GatedPod, Intent, AuthorRule]]] = {}
    outcomes: dict[str, Ungate | Wait] = {}
    for uid, one in sorted({one.uid: one for one in gated if is_gated(one.pod)}.items()):
        intent, author = find_intent(one.pod, one.namespace, view), read_author(one.pod["spec"])
        if isinstance(intent, NotOurs) or isinstance(author, Malformed):
            outcomes[uid] = Ungate(uid=uid, patch=patch_of(one.pod, None), group="", why=Why.NOT_OURS)
        else:
            ours.setdefault(intent.service.key, []).append((one, intent, author))
    for several in ours.values():
        service = several[0][1].service
        for outcome in _Service.of(service, view, nodes).outcomes(several, (seen, recent), deadline_s):
            outcomes[outcome.uid] = outcome
    return tuple(outcomes[uid] for uid in sorted(outcomes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """One service's rules for each role, by group."""

    service: DisaggregatedService
    rules: Mapping[Role, Mapping[str, GroupRule]]
    nodes: NodeIndex

    @classmethod
    def of(cls, service: DisaggregatedService, view: PlacementView, nodes: NodeIndex) -> _Service:
        groups, profile = view.groups.get(service.key, ()), view.profile_of(service)
        rules = {
            role: {rule.name: rule for rule in group_rules(service, role, groups, profile, nodes)} for role in ROLES
        }
        return cls(service=service, rules=rules, nodes=nodes)

    def outcomes(
        self, several: Sequence[tuple[GatedPod, Intent, AuthorRule]], there: Sequence[Counts], deadline_s: float
    ) -> Iterator[Ungate | Wait]:
        waiting: list[Waiting] = []
        late: dict[str, Ungate] = {}
        exact = self.service.spec.placement.exact and self.service.spec.mode is not Mode.ADVISORY
        for one, intent, author in several:
            if not exact:
                yield self._to_any(one, intent, author, Why.NOT_EXACT)
            elif intent.worker or manager_of(one.pod) is not None:
                yield self._to_any(one, intent, author, Why.MANAGED)
            else:
                waiting.append(self._waiting(one, intent, author))
                late[one.uid] = self._to_any(one, intent, author, Why.DEADLINE)
        left, sent, halves = self._shared_out(waiting, there)
        by_uid = {one.uid: one for one, _, _ in several}
        for pod in waiting:
            uid, gated = pod.uid, by_uid[pod.uid]
            if uid in sent:
                group = sent[uid]
                yield Ungate(uid=uid, patch=patch_of(gated.pod, pod.terms[group], group), group=group, why=Why.ALLOTTED)
            elif uid in left and pod.terms:
                yield Ungate(uid=uid, patch=late[uid].patch, group="", why=Why.SURPLUS)
            elif gated.waiting_s >= deadline_s:
                yield late[uid]
            else:
                yield Wait(uid=uid, why=Why.HALF if uid in halves else Why.NO_GROUP)

    def _shared_out(
        self, waiting: Sequence[Waiting], there: Sequence[Counts]
    ) -> tuple[set[str], dict[str, str], set[str]]:
        """Uids that no group takes; groups of those that may go; uids of those that wait for their other half."""
        left = {pod.uid: pod for pod in waiting}
        sent: dict[str, str] = {}
        halves: set[str] = set()
        groups = {rule.name: rule.group for rules in self.rules.values() for rule in rules.values()}
        for name in sorted(groups):
            room = Room.of(self.service, groups[name], there)
            whole, half = room.filled(left.values())
            sent |= dict.fromkeys(whole, name)
            halves |= half
            left = {uid: pod for uid, pod in left.items() if uid not in whole and uid not in half}
        return set(left), sent, halves

    def _waiting(self, one: GatedPod, intent: Intent, author: AuthorRule) -> Waiting:
        rules = self.rules[intent.role]
        terms = {name: into_one(author, rule, self.nodes) for name, rule in rules.items()}
        return Waiting(
            uid=one.uid,
            slot=intent.slot,
            pods=self.service.spec.roles.of(intent.role).nodes_per_replica if intent.leader else 1,
            terms={name: found for name, found in terms.items() if found is not None},
        )

    def _to_any(self, one: GatedPod, intent: Intent, author: AuthorRule, why: Why) -> Ungate:
        terms = into_any(author, tuple(self.rules[intent.role].values()), self.nodes)
        return Ungate(uid=one.uid, patch=patch_of(one.pod, terms), group="", why=why)
