"""From a pod and a plan to a patch: the one decision of the webhook, the same for server, command and tests.

Every group that still lacks the role is allowed, and the one that lacks most is preferred: a single group as a
requirement would strand pods whenever two webhook replicas answer a burst (ADR 0012). Whatever is in doubt leaves the
pod as it is, with a reason; the pod is never refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from disaggregated_service.core.placement_spec import Affinity
from disaggregated_service.core.service import Mode
from disaggregated_service.core.topology_labels import TopologyProfile
from placement_webhook.core.author_rule import (
    REQUIRED,
    TERMS_MAX,
    AuthorRule,
    expressions,
    folded,
    merged,
    read_author,
)
from placement_webhook.core.group_rule import GroupRule, group_rules
from placement_webhook.core.intent import Intent, NotOurs, find_intent, why_malformed
from placement_webhook.core.json_patch import BYTES_MAX, DoesNotApplyError, Patch, applied, difference, to_bytes
from placement_webhook.core.manager import manager_of
from placement_webhook.core.memo import Memo, all_that_is_read, what_is_patched
from placement_webhook.core.node_index import NodeIndex, union
from placement_webhook.core.preference import lacking_frac, preferred_terms
from placement_webhook.core.reason import Reason
from placement_webhook.core.requirement import Conjunction, Malformed
from placement_webhook.core.view import PlacementView, Slot, pods_per_replica

PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
ANNOTATION = "heteroscale.dev/placement"
GATE = "heteroscale.dev/placement"

Counts = Mapping[Slot, Mapping[str, int]]
NOTHING_RECENT: Counts = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The pod gets a patch. groups: those it may go to, the preferred one first."""

    patch: Patch
    reason: Reason
    groups: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The pod goes in as it is."""

    reason: Reason
    message: str


def place(
    pod: Mapping[str, Any],
    namespace: str,
    view: PlacementView,
    nodes: NodeIndex,
    seen: Counts,
    recent: Counts = NOTHING_RECENT,
    memo: PlacementMemo | None = None,
) -> Placed | Leave:
    """What becomes of a pod that is about to be created. Never raises for a pod's content.

    seen: pods of each service, role and component, per group. recent: those that this process has admitted lately and
    that may not be seen yet. Only what is seen closes a group, both decide which is preferred: an admission may have
    ended elsewhere, and a group closed in error would strand the last pods of a burst.
    memo: of this view and these nodes, where many pods are asked about; only for pods that were JSON.
    """
    malformed = why_malformed(pod)
    if malformed is not None:
        return Leave(reason=malformed.why, message=malformed.message)
    memo = memo or Memo()
    reading = memo.reading(namespace, all_that_is_read(pod), lambda: _read(pod, namespace, view, nodes, memo))
    if isinstance(reading, Leave):
        return reading
    slot = reading.intent.slot
    choice = _Choice.of(reading, seen.get(slot, {}), recent.get(slot, {}))
    question = (slot, choice.reason, choice.why, choice.names, reading.patched)
    return memo.outcome(question, lambda: _weighed(pod, reading, choice, nodes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a pod's placement depends on but for the pods that are there. managed: "" where nobody else chooses."""

    intent: Intent
    profile: TopologyProfile
    rules: tuple[GroupRule, ...]
    wanted: Mapping[str, int]
    managed: str
    patched: str


PlacementMemo = Memo[Reading | Leave, Placed | Leave]


def _read(
    pod: Mapping[str, Any], namespace: str, view: PlacementView, nodes: NodeIndex, memo: PlacementMemo
) -> Reading | Leave:
    intent = find_intent(pod, namespace, view)
    if isinstance(intent, NotOurs):
        return Leave(reason=intent.why, message=intent.message)
    service, profile = intent.service, view.profile_of(intent.service)
    nothing = _nothing_to_do(intent, view, nodes, profile)
    if nothing is not None or profile is None:
        return nothing or Leave(reason=Reason.NO_PROFILE, message="its topology profile is not known")
    groups = view.groups[service.key]
    rules = memo.rules(service.key, intent.role, lambda: group_rules(service, intent.role, groups, profile, nodes))
    if not rules:
        return Leave(reason=Reason.GROUPS_VANISHED, message="no known node is in any of its groups' domains")
    manager = manager_of(pod)
    return Reading(
        intent=intent,
        profile=profile,
        rules=rules,
        wanted=memo.wanted(intent.slot, lambda: _wanted(intent, rules)),
        managed=f"{manager} chooses the domain" if manager else "a worker follows its leader" if intent.worker else "",
        patched=what_is_patched(pod),
    )


def _weighed(pod: Mapping[str, Any], reading: Reading, choice: _Choice, nodes: NodeIndex) -> Placed | Leave:
    """Against what its author wrote."""
    author = read_author(pod["spec"])
    if isinstance(author, Malformed):
        return Leave(reason=Reason.MALFORMED_POD, message=author.why)
    if author.matches_nothing:
        return Leave(reason=Reason.MATCHES_NOTHING, message="its own rule admits no node")
    if _is_placed(pod, author, reading.rules):
        return Leave(reason=Reason.ALREADY_PLACED, message="its rule lies within its groups already")
    return _placed(pod, reading, author, choice, nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The groups a pod may go to, the one that lacks most first. reason: PLACED, or why it only gets the bound."""

    names: tuple[str, ...]
    reason: Reason
    why: str

    @classmethod
    def of(cls, reading: Reading, seen: Mapping[str, int], recent: Mapping[str, int]) -> _Choice:
        wanted = reading.wanted
        if reading.managed:
            return cls(names=tuple(wanted), reason=Reason.UPPER_BOUND, why=reading.managed)
        if reading.intent.service.spec.placement.exact:
            why = "the leader chooses the group and removes the gate"
            return cls(names=tuple(wanted), reason=Reason.GATED, why=why)
        lacking = [name for name, most in wanted.items() if most > seen.get(name, 0)] or list(wanted)
        order = sorted((-lacking_frac(wanted[name], seen.get(name, 0) + recent.get(name, 0)), name) for name in lacking)
        return cls(names=tuple(name for _, name in order), reason=Reason.PLACED, why=f"{order[0][1]} lacks most")

    def of_rules(self, rules: Sequence[GroupRule]) -> tuple[GroupRule, ...]:
        by_name = {rule.name: rule for rule in rules}
        return tuple(by_name[name] for name in self.names)


def _wanted(intent: Intent, rules: Sequence[GroupRule]) -> Mapping[str, int]:
    each = pods_per_replica(intent.service, intent.role, intent.component)
    return {rule.name: rule.group.replicas(intent.role) * each for rule in rules}


def _nothing_to_do(
    intent: Intent, view: PlacementView, nodes: NodeIndex, profile: TopologyProfile | None
) -> Leave | None:
    service = intent.service
    groups = view.groups.get(service.key, ())
    if service.spec.mode is Mode.ADVISORY:
        return Leave(reason=Reason.ADVISORY, message=f"{service.key} is advisory")
    if service.spec.placement.affinity is Affinity.NONE:
        return Leave(reason=Reason.NO_AFFINITY, message=f"{service.key} asks for no placement")
    if not groups:
        return Leave(reason=Reason.NO_GROUPS, message=f"{service.key} has no deployment groups yet")
    if all(group.domain is None for group in groups):
        return Leave(reason=Reason.ONLY_UNKNOWN, message="its replicas run on nodes without topology labels")
    if not nodes.names:
        return Leave(reason=Reason.NO_NODES, message="no node is known")
    if profile is None:
        return Leave(reason=Reason.NO_PROFILE, message=f"{service.spec.placement.topology_profile} is not known")
    return None


def _is_placed(pod: Mapping[str, Any], author: AuthorRule, rules: Sequence[GroupRule]) -> bool:
    """Admitted before: our annotation, and every term of the rule lies within one of the groups."""
    if ANNOTATION not in (pod["metadata"].get("annotations") or {}):
        return False
    ours = merged(term for rule in rules for term in rule.terms)
    each = [term for rule in rules for term in rule.terms]
    return all(term.is_empty or any(term.implies(our) for our in (*ours, *each)) for term in author.read)


def _placed(
    pod: Mapping[str, Any], reading: Reading, author: AuthorRule, choice: _Choice, nodes: NodeIndex
) -> Placed | Leave:
    allowed = union(nodes.matching(term) for term in author.read)
    chosen = choice.of_rules(reading.rules)
    if not any(rule.members & allowed for rule in chosen):
        return Leave(reason=Reason.CONFLICT, message="no known node satisfies its own rule and that of its groups")
    ours = merged(term for rule in chosen for term in rule.terms)
    if any(not term.labels for term in ours):
        return Leave(reason=Reason.NOTHING_TO_ASK, message="its group is the whole cluster, of any class")
    terms = folded(author, ours)
    if len(terms) > TERMS_MAX:
        return Leave(reason=Reason.TOO_MANY_TERMS, message=f"{len(terms)} terms, at most {TERMS_MAX}")
    rules = tuple(rule for rule in chosen if rule.members & allowed)
    is_placed = choice.reason is Reason.PLACED
    preferred = preferred_terms(rules[0], rules, reading.profile, nodes, allowed) if is_placed else []
    after = _with_rule(pod, terms, preferred, _mark(chosen, ours), gate=choice.reason is Reason.GATED)
    return _checked(pod, after, choice, rules, f"{reading.intent}: {choice.why}")


def _checked(
    pod: Mapping[str, Any], after: Mapping[str, Any], choice: _Choice, rules: Sequence[GroupRule], message: str
) -> Placed | Leave:
    """The patch, after applying it: one that does not apply would fail the creation, whatever the failurePolicy."""
    patch = difference(pod, after)
    if len(to_bytes(patch)) > BYTES_MAX:
        return Leave(reason=Reason.PATCH_TOO_LARGE, message=f"more than {BYTES_MAX} bytes")
    try:
        right = applied(pod, patch) == after
    except DoesNotApplyError as error:
        return Leave(reason=Reason.PATCH_DOES_NOT_APPLY, message=str(error))
    if not right:
        return Leave(reason=Reason.PATCH_DOES_NOT_APPLY, message="it gives another pod than the one meant")
    return Placed(patch=patch, reason=choice.reason, groups=tuple(rule.name for rule in rules), message=message)


def _with_rule(
    pod: Mapping[str, Any],
    terms: list[dict[str, Any]],
    preferred: list[dict[str, Any]],
    mark: str,
    *,
    gate: bool,
) -> dict[str, Any]:
    """The pod with the rule, the preferences behind the author's own, the annotation and, in exact mode, the gate."""
    spec = dict(pod["spec"])
    affinity = dict(spec.get("affinity") or {})
    node_affinity = dict(affinity.get("nodeAffinity") or {})
    required = dict(node_affinity.get(REQUIRED) or {})
    node_affinity[REQUIRED] = {**required, "nodeSelectorTerms": terms}
    own = list(node_affinity.get(PREFERRED) or [])
    fresh = [term for term in preferred if term not in own]
    if fresh:
        node_affinity[PREFERRED] = own + fresh
    spec["affinity"] = {**affinity, "nodeAffinity": node_affinity}
    if gate:
        gates = list(spec.get("schedulingGates") or [])
        spec["schedulingGates"] = gates if {"name": GATE} in gates else [*gates, {"name": GATE}]
    metadata = dict(pod["metadata"])
    metadata["annotations"] = {**(metadata.get("annotations") or {}), ANNOTATION: mark}
    return {**pod, "metadata": metadata, "spec": spec}


def _mark(rules: Sequence[GroupRule], ours: Sequence[Conjunction]) -> str:
    """`812:1f0c9d2e`: the newest decision of the groups, and what was asked, for people and for comparing pods."""
    asked = json.dumps([expressions(term) for term in ours], sort_keys=True).encode()
    newest = max(rule.group.sequence for rule in rules)
    return f"{newest}:{hashlib.sha256(asked).hexdigest()[:8]}"
