"""The nodes a deployment group means, for one role: its domain, what it leaves out, and the role's GPU class.

A class is a list of patterns and a node label is a product, and node affinity knows no patterns: so a class becomes
the products of it that known nodes have, sorted. A product that turns up later is in the rules written from then on.
Must never know a pod.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.gpu_class import gpu_class_of
from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import TopologyProfile
from placement_webhook.core.label_set import LabelSet, all_but, only
from placement_webhook.core.node_index import NodeIndex, union
from placement_webhook.core.requirement import Conjunction, all_of, both


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """One group's rule, as ORed terms: several only where its GPU classes have different labels."""

    group: DeploymentGroup
    terms: tuple[Conjunction, ...]
    members: int  # known nodes that satisfy it

    @property
    def name(self) -> str:
        return self.group.name


def group_rules(
    service: DisaggregatedService,
    role: Role,
    groups: Iterable[DeploymentGroup],
    profile: TopologyProfile | None,
    nodes: NodeIndex,
) -> tuple[GroupRule, ...]:
    """A rule for each group that has a domain with known nodes of the role's class; others are left out, by name."""
    rules = (group_rule(service, role, group, profile, nodes) for group in sorted(groups, key=lambda one: one.name))
    return tuple(rule for rule in rules if rule.members)


def group_rule(
    service: DisaggregatedService,
    role: Role,
    group: DeploymentGroup,
    profile: TopologyProfile | None,
    nodes: NodeIndex,
) -> GroupRule:
    """The rule of one group; without members where it has no domain, or no known node."""
    if group.domain is None:
        return GroupRule(group=group, terms=(), members=0)
    domain = domain_of(group)
    classes = class_terms(class_names(service, role, group), profile, nodes)
    terms = tuple(both(domain, term) for term in classes)
    return GroupRule(group=group, terms=terms, members=union(nodes.matching(term) for term in terms))


def domain_of(group: DeploymentGroup) -> Conjunction:
    """All level labels of the group's domain (leaf values need not be unique), less what it leaves out."""
    parts: list[tuple[str, LabelSet]] = []
    if group.domain is not None:
        parts = [(label.key, only([label.value])) for label in group.domain.labels]
    if group.exclude is not None:
        parts.append((group.exclude.key, all_but(group.exclude.values)))
    return all_of(parts)


def class_names(service: DisaggregatedService, role: Role, group: DeploymentGroup) -> tuple[str, ...]:
    """The role's class in this group; where it has none there, those that the service names; () for any."""
    allotment = group.allotments.get(role)
    if allotment is not None and allotment.gpu_class is not None:
        return (allotment.gpu_class,)
    return service.spec.roles.of(role).gpu_classes


def class_terms(names: Sequence[str], profile: TopologyProfile | None, nodes: NodeIndex) -> tuple[Conjunction, ...]:
    """Classes as terms, one a label; () where no known node has any of them, one that admits all for no classes."""
    if not names or profile is None:
        return () if names else (Conjunction(),)
    ours = nodes.matching(all_of((key, only([value])) for key, value in profile.node_selector))
    products: dict[str, set[str]] = defaultdict(set)
    for name in names:
        gpu_class = profile.gpu_class(name)
        if gpu_class is None:
            continue
        for product, _ in nodes.values(gpu_class.label, ours):
            if gpu_class_of(profile, {gpu_class.label: product}) == name:
                products[gpu_class.label].add(product)
    return tuple(all_of([(label, only(found))]) for label, found in sorted(products.items()))
