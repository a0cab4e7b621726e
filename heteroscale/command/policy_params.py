"""A plan as the parameters of the MutatingAdmissionPolicy in manifests/policy: one ConfigMap a namespace.

A rule is one requirement a key, so the groups of a role become the smallest box of labels around them. What that leaves
out of the plan is said in the policy's own comment and in docs/placement.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.gpu_class import gpu_class_of
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import TopologyProfile

NAME = "heteroscale-placement"

NodeLabels = Sequence[Mapping[str, str]]


def config_maps(
    planned: Iterable[tuple[DisaggregatedService, tuple[DeploymentGroup, ...]]],
    profiles: Mapping[str, TopologyProfile],
    nodes: NodeLabels,
) -> list[dict[str, Any]]:
    """Rules by `SERVICE.ROLE`; a role without any rule is left out."""
    data: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for service, groups in planned:
        profile = profiles.get(service.spec.placement.topology_profile or "")
        if profile is None:
            continue
        for role in ROLES:
            if rules := rules_of(role, groups, profile, nodes):
                data[service.key.namespace][f"{service.key.name}.{role}"] = "".join(f"{rule}\n" for rule in rules)
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME, "namespace": namespace}, "data": rules}
        for namespace, rules in sorted(data.items())
    ]


def rules_of(role: Role, groups: Sequence[DeploymentGroup], profile: TopologyProfile, nodes: NodeLabels) -> list[str]:
    """`KEY In VALUE,VALUE` and `KEY NotIn VALUE,VALUE`, sorted. A group that may be anywhere lifts what pins others."""
    having = [group for group in groups if group.replicas(role)]
    rules = _class_rule(role, having, profile, nodes)
    domains = [{label.key: label.value for label in group.domain.labels} if group.domain else {} for group in having]
    shared = set.intersection(*(set(domain) for domain in domains)) if domains else set()
    rules += [_rule(key, "In", {domain[key] for domain in domains}) for key in shared]
    if shared:
        rules += _exclusions(having, domains)
    return sorted(rules)


def _class_rule(
    role: Role, groups: Sequence[DeploymentGroup], profile: TopologyProfile, nodes: NodeLabels
) -> list[str]:
    """Products as they are on nodes, since a policy knows no patterns."""
    names = {group.allotments[role].gpu_class for group in groups}
    labels = {gpu_class.label for name in names if name and (gpu_class := profile.gpu_class(name)) is not None}
    if len(labels) != 1 or None in names:
        return []  # of any class, or of classes that different labels name
    (key,) = labels
    products = {known[key] for known in nodes if key in known and gpu_class_of(profile, known) in names}
    return [_rule(key, "In", products)] if products else []


def _exclusions(groups: Sequence[DeploymentGroup], domains: Sequence[Mapping[str, str]]) -> list[str]:
    left_out: defaultdict[str, set[str]] = defaultdict(set)
    for group in groups:
        if group.exclude is not None:
            left_out[group.exclude.key] |= set(group.exclude.values)
    return [
        _rule(key, "NotIn", values)
        for key, found in left_out.items()
        if (values := found - {domain.get(key) for domain in domains})
    ]


def _rule(key: str, operator: str, values: set[str]) -> str:
    return f"{key} {operator} {','.join(sorted(values))}"
