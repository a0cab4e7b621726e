"""Nodes and pods as the API server prints them, reduced to what a placement weighs: labels, and pods per group.

It must never know a pod that is being admitted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from disaggregated_service.core.pair import Role, ServiceKey
from disaggregated_service.core.service import DisaggregatedService
from placement_webhook.core.group_rule import GroupRule, group_rules
from placement_webhook.core.node_index import KnownNode, NodeIndex
from placement_webhook.core.view import GROUP_LABEL, PlacementView, Slot

FINISHED = ("Succeeded", "Failed")

Counts = Mapping[Slot, Mapping[str, int]]
"""Pods of each service, role and component, per deployment group."""


def known_nodes(nodes: Iterable[Mapping[str, Any]]) -> tuple[KnownNode, ...]:
    """A node that says nothing of its readiness counts as ready: only files written by hand hold such nodes."""
    return tuple(
        KnownNode(
            name=str(node["metadata"]["name"]),
            labels=node["metadata"].get("labels") or {},
            placeable=_is_ready(node) and (node.get("spec") or {}).get("unschedulable") is not True,
        )
        for node in nodes
    )


def pods_by_group(pods: Iterable[Mapping[str, Any]], view: PlacementView, nodes: NodeIndex) -> Counts:
    """Counts pods that run or will: by the label that the leader wrote, else by the node they are bound to."""
    counts: dict[Slot, Counter[str]] = {}
    rules = _Rules(view, nodes)
    for pod in pods:
        metadata = pod["metadata"]
        if metadata.get("deletionTimestamp") or (pod.get("status") or {}).get("phase") in FINISHED:
            continue
        labels = metadata.get("labels") or {}
        owner = view.owners.owner_of(str(metadata.get("namespace") or "default"), labels)
        if owner is None:
            continue
        service, role, component = owner
        group = labels.get(GROUP_LABEL) or rules.group_of_node(
            service, role, str((pod.get("spec") or {}).get("nodeName") or "")
        )
        if group:
            counts.setdefault((service.key, role, component), Counter())[group] += 1
    return counts


class _Rules:
    """Each service's groups as sets of nodes, found once a role and not once a pod."""

    def __init__(self, view: PlacementView, nodes: NodeIndex) -> None:
        self._view = view
        self._nodes = nodes
        self._found: dict[tuple[ServiceKey, Role], tuple[GroupRule, ...]] = {}

    def group_of_node(self, service: DisaggregatedService, role: Role, node: str) -> str:
        """Empty where the node is in none of the groups, or unknown."""
        position = self._nodes.positions.get(node)
        if position is None:
            return ""
        rules = self._found.get((service.key, role))
        if rules is None:
            groups = self._view.groups.get(service.key, ())
            rules = group_rules(service, role, groups, self._view.profile_of(service), self._nodes)
            self._found[service.key, role] = rules
        return next((rule.name for rule in rules if rule.members >> position & 1), "")


def _is_ready(node: Mapping[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions")
    for one in conditions if isinstance(conditions, list) else []:
        if isinstance(one, Mapping) and one.get("type") == "Ready":
            return str(one.get("status")) == "True"
    return True
