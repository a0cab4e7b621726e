"""The one patch of a gated pod: its node affinity narrowed, its group named, our gate removed.

While a pod is gated, Kubernetes lets its node affinity become narrower and nothing else (KEP-3838): as many terms as
before, each with its own requirements first and any new ones behind them, an empty term left empty; where no term was
required, anything may be. Must never know why a group was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from placement_webhook.core.author_rule import REQUIRED, AuthorRule, folded, merged
from placement_webhook.core.group_rule import GroupRule, domain_of
from placement_webhook.core.intent import maps
from placement_webhook.core.json_patch import Patch, difference, escaped
from placement_webhook.core.node_index import NodeIndex, union
from placement_webhook.core.placement import GATE
from placement_webhook.core.requirement import Conjunction, both
from placement_webhook.core.view import GROUP_LABEL


def is_gated(pod: Mapping[str, Any]) -> bool:
    """Whether our gate holds it."""
    return any(gate.get("name") == GATE for gate in maps(pod["spec"].get("schedulingGates")))


def into_one(author: AuthorRule, rule: GroupRule, nodes: NodeIndex) -> list[dict[str, Any]] | None:
    """The terms that pin a pod to one group; None where that cannot be said, or leaves no known node.

    A group whose GPU classes have different labels has several terms, and terms cannot be multiplied any more: its
    domain is added alone, and has to suffice (the webhook asked for the class already).
    """
    ours = rule.terms[0] if len(rule.terms) == 1 else domain_of(rule.group)
    left = _left(author, ours, nodes)
    return None if not left or left & ~rule.members else folded(author, (ours,))


def into_any(author: AuthorRule, rules: Sequence[GroupRule], nodes: NodeIndex) -> list[dict[str, Any]] | None:
    """The terms that keep a pod within all the groups; None where they do already, or where that cannot be said."""
    ours = merged(term for rule in rules for term in rule.terms)
    if all(term.is_empty or any(term.implies(our) for our in ours) for term in author.read):
        return None
    if not any(_left(author, our, nodes) for our in ours):
        return None
    return folded(author, ours) if len(ours) == 1 or not author.terms else None


def patch_of(pod: Mapping[str, Any], terms: list[dict[str, Any]] | None, group: str = "") -> Patch:
    """Asks for the pod that was looked at, narrows it to the terms (None: not at all), and removes our gate last.

    The two tests make it apply once: a pod of the same name that came later, or one that a former leader has let go,
    is nobody's to narrow. The label is written here, since unlike in an admission the group is settled.
    """
    gate = next(i for i, one in enumerate(pod["spec"]["schedulingGates"]) if one.get("name") == GATE)
    path = f"/spec/schedulingGates/{gate}"
    return (
        {"op": "test", "path": "/metadata/uid", "value": pod["metadata"]["uid"]},
        {"op": "test", "path": f"{path}/name", "value": GATE},
        *(difference(pod["spec"], _with_terms(pod["spec"], terms), "/spec") if terms is not None else ()),
        *_label(pod, group),
        {"op": "remove", "path": path},
    )


def _left(author: AuthorRule, ours: Conjunction, nodes: NodeIndex) -> int:
    """The known nodes that both admit."""
    return union(nodes.matching(both(term, ours)) for term in author.read)


def _with_terms(spec: Mapping[str, Any], terms: list[dict[str, Any]]) -> dict[str, Any]:
    affinity: Mapping[str, Any] = spec.get("affinity") or {}
    node_affinity: Mapping[str, Any] = affinity.get("nodeAffinity") or {}
    required = {**(node_affinity.get(REQUIRED) or {}), "nodeSelectorTerms": terms}
    return {**spec, "affinity": {**affinity, "nodeAffinity": {**node_affinity, REQUIRED: required}}}


def _label(pod: Mapping[str, Any], group: str) -> Iterator[Mapping[str, Any]]:
    if not group:
        return
    if isinstance(pod["metadata"].get("labels"), Mapping):
        yield {"op": "add", "path": f"/metadata/labels/{escaped(GROUP_LABEL)}", "value": group}
    else:
        yield {"op": "add", "path": "/metadata/labels", "value": {GROUP_LABEL: group}}
