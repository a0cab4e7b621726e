"""Counts per site and class made into deployment groups, under the names they had before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, pairwise
from string import ascii_lowercase

from disaggregated_service.core.deployment_group import UNKNOWN, Allotment, DeploymentGroup
from disaggregated_service.core.pair import ROLES, Role
from prescheduler.core.holding import Holding
from prescheduler.core.site import UNKNOWN_SITE, Site, cells_of, number_of, scarcity, site_of_group
from prescheduler.core.subgroup import Subgroup, Subgroups

NAME_LENGTH_MAX = 63  # a group's name is the value of a pod label


def groups_of(holding: Holding) -> tuple[DeploymentGroup, ...]:
    """One group per site, and more where a role has several classes there; sorted by tier, then by name of domain."""
    previous = holding.request.previous
    if holding.cells == cells_of(previous):
        return as_of_today(previous, holding.profile.subgroups)
    groups: list[DeploymentGroup] = []
    for site in _sites(holding):
        parts = {role: _by_class(holding, role, site) for role in ROLES}
        shares = [_merged(parts)] if site == UNKNOWN_SITE else _shares(parts)
        found = [DeploymentGroup(name="", domain=site.domain, tier=site.cluster_tier, allotments=one) for one in shares]
        groups += [_described(group, holding.profile.subgroups, previous) for group in found]
    return tuple(_named(groups, previous, holding.service.key.name))


def _sites(holding: Holding) -> list[Site]:
    """The commonest tier first, as they are tried."""
    ranks = {cell.site: scarcity(cell, holding.profile.subgroups) for role in ROLES for cell in holding.cells[role]}
    return sorted(ranks, key=lambda site: (ranks[site], site.order))


def _by_class(holding: Holding, role: Role, site: Site) -> list[Allotment]:
    """The role's classes at the site, the preferred ones first."""
    named = holding.service.spec.roles.of(role).gpu_classes
    rank = {gpu_class: position for position, gpu_class in enumerate(named)}
    found = [
        Allotment(gpu_class=cell.gpu_class, replicas=replicas)
        for cell, replicas in holding.cells[role].items()
        if cell.site == site
    ]
    return sorted(found, key=lambda each: (rank.get(each.gpu_class or "", len(rank)), each.gpu_class or ""))


def _merged(parts: Mapping[Role, Sequence[Allotment]]) -> dict[Role, Allotment]:
    """All of a role as one: no rule reaches these nodes, so there is nothing to keep apart."""
    return {
        role: Allotment(
            gpu_class=part[0].gpu_class if len(part) == 1 else None, replicas=sum(each.replicas for each in part)
        )
        for role, part in parts.items()
        if part
    }


def _shares(parts: Mapping[Role, Sequence[Allotment]]) -> list[dict[Role, Allotment]]:
    """One class per role and group, the first with the first. A role with fewer classes shares its last one out.

    (4 prefill on h100 and 1 on h200 beside 15 decode on h20 are two groups: 4 and 12, 1 and 3.)
    """
    groups = max(len(part) for part in parts.values())
    shared = {role: _stretched(parts[role], parts[role.other], groups) for role in ROLES}
    return [
        {role: share for role in ROLES if (share := shared[role][number]) is not None and share.replicas}
        for number in range(groups)
    ]


def _stretched(part: Sequence[Allotment], other: Sequence[Allotment], groups: int) -> list[Allotment | None]:
    if len(part) == groups or not part:
        return [*part, *[None] * (groups - len(part))]
    first = len(part) - 1
    weights = [each.replicas for each in other[first:]]
    shares = _in_proportion(part[first].replicas, weights)
    return [*part[:first], *(Allotment(gpu_class=part[first].gpu_class, replicas=share) for share in shares)]


def _in_proportion(total: int, weights: Sequence[int]) -> list[int]:
    """At least one each where there are enough, the rest by weight, cumulative sums rounded to nearest."""
    if total < len(weights):
        return [int(position < total) for position in range(len(weights))]
    rest, whole = total - len(weights), sum(weights)
    edges = [(2 * rest * sum(weights[:number]) + whole) // (2 * whole) for number in range(len(weights) + 1)]
    return [1 + after - before for before, after in pairwise(edges)]


def as_of_today(groups: tuple[DeploymentGroup, ...], subgroups: Subgroups) -> tuple[DeploymentGroup, ...]:
    """The same groups with the rules of their domains as nodes are today; the same object where none has changed."""
    described = tuple(_described(group, subgroups, groups) for group in groups)
    return groups if described == groups else described


def _described(group: DeploymentGroup, subgroups: Subgroups, previous: Sequence[DeploymentGroup]) -> DeploymentGroup:
    """With the rule of its domain as the nodes are today; a domain that has vanished keeps the rule it had."""
    if group.domain is None:
        return group
    number = number_of(site_of_group(group), subgroups)
    rule: Subgroup | DeploymentGroup
    if number is not None:
        rule = subgroups.subgroups[number]
    else:
        rule = next((each for each in previous if each.domain == group.domain), group)
    if (rule.exclude, rule.tier) == (group.exclude, group.tier):
        return group
    return replace(group, exclude=rule.exclude, tier=rule.tier)


def _named(
    groups: Sequence[DeploymentGroup], previous: Sequence[DeploymentGroup], service: str
) -> Iterator[DeploymentGroup]:
    """Each group under the name of the earlier one most like it at the same site, or under a name nobody has."""
    left = {group.name: group for group in previous}
    taken = set(left)
    for group in groups:
        same = [before for before in left.values() if site_of_group(before) == site_of_group(group)]
        if group.domain is None:
            yield replace(group, name=UNKNOWN)
        elif same:
            name = min(same, key=lambda before: (-_alike(before, group), before.name)).name
            del left[name]
            yield replace(group, name=name)
        else:
            name = next(each for each in _names(service) if each not in taken)
            taken.add(name)
            yield replace(group, name=name)


def _alike(before: DeploymentGroup, now: DeploymentGroup) -> int:
    return sum(
        role in before.allotments and before.allotments[role].gpu_class == allotment.gpu_class
        for role, allotment in now.allotments.items()
    )


def _names(service: str) -> Iterator[str]:
    """chat-a to chat-z, then chat-aa and on."""
    for number in count():
        suffix, left = "", number
        while left >= 0:
            suffix, left = ascii_lowercase[left % 26] + suffix, left // 26 - 1
        yield f"{service[: NAME_LENGTH_MAX - 1 - len(suffix)].rstrip('.-')}-{suffix}"
