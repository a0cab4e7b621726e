"""Where among the allowed nodes a pod should rather go: the group that lacks most, and one S1 inside its S2.

Weights rank terms, they guarantee nothing: the scheduler normalises them by the best node and adds its other scores.
Ours are far apart so that the group is decided first. Must never know a pod's author.
"""

from __future__ import annotations

from typing import Any

from disaggregated_service.core.topology_labels import TopologyProfile
from placement_webhook.core.author_rule import expressions
from placement_webhook.core.group_rule import GroupRule
from placement_webhook.core.label_set import only
from placement_webhook.core.node_index import NodeIndex
from placement_webhook.core.requirement import all_of

GROUP_WEIGHT = 100
S1_WEIGHT = 20  # below the group's: a pod goes to the right group first, and close to others second


def preferred_terms(
    preferred: GroupRule, rules: tuple[GroupRule, ...], profile: TopologyProfile, nodes: NodeIndex, allowed: int
) -> list[dict[str, Any]]:
    """Terms for preferredDuringSchedulingIgnoredDuringExecution; none where there is nothing to choose.

    allowed: the set of nodes that the author admits.
    """
    terms: list[dict[str, Any]] = []
    if len(rules) > 1:
        terms += [_weighed(GROUP_WEIGHT, expressions(term)) for term in preferred.terms]
    inner = _fullest_s1(preferred, profile, nodes, allowed)
    if inner is not None:
        terms.append(_weighed(S1_WEIGHT, expressions(all_of([(inner[0], only([inner[1]]))]))))
    return terms


def _fullest_s1(rule: GroupRule, profile: TopologyProfile, nodes: NodeIndex, allowed: int) -> tuple[str, str] | None:
    """The S1 with most placeable nodes of the rule; None where the domain is an S1 already, or has only one."""
    domain = rule.group.domain
    if domain is None or any(label.key in profile.s1 for label in domain.labels):
        return None
    among = rule.members & nodes.placeable & allowed
    for key in profile.s1:
        found = nodes.values(key, among)
        if len(found) > 1:
            value, _ = min(found, key=lambda one: (-one[1].bit_count(), one[0]))
            return key, value
    return None


def _weighed(weight: int, match: list[dict[str, Any]]) -> dict[str, Any]:
    return {"weight": weight, "preference": {"matchExpressions": match}}


def lacking_frac(wanted: int, there: int) -> float:
    """How much of what a group should have it still lacks; 0 or less where it has enough.

    In proportion, not in pods: two webhook replicas that each see half of a burst then both split their half as the
    whole should be split. By pods each would fill up the largest group first, and together overshoot it.
    """
    return (wanted - there) / wanted if wanted else -float(there)
