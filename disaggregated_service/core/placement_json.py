"""`status.placement` as JSON-ready data and back, exactly: the deployment groups, and what was refused.

The leader writes it, the webhook and the command line read it. This file must never know where it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.deployment_group import Allotment, DeploymentGroup, Domain, Except, Label
from disaggregated_service.core.json_field import UnreadableJson, items, member, text, whole
from disaggregated_service.core.pair import ROLES, Role
from disaggregated_service.core.placement_spec import Tier

GROUPS_MAX = 2_000  # of one service
LABELS_MAX = 16
VALUES_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementStatus:
    """Everything under `status.placement`. refused: nodes per reason, for what found no room."""

    groups: tuple[DeploymentGroup, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


def placement_to_json(status: PlacementStatus) -> dict[str, object]:
    """{"groups": [...], "refused": {reason: nodes}}."""
    refused = {str(reason): nodes for reason, nodes in sorted(status.refused.items())}
    return {"groups": groups_to_json(status.groups), "refused": refused}


def placement_from_json(data: object) -> PlacementStatus:
    """The status; what is left out is empty. Raises UnreadableJson naming the field."""
    if not isinstance(data, dict):
        raise UnreadableJson("placement", "is no object")
    refused = data.get("refused")
    if refused is not None and not isinstance(refused, dict):
        raise UnreadableJson("refused", "is no object")
    groups = data.get("groups")
    return PlacementStatus(
        groups=groups_from_json([] if groups is None else groups),
        refused={str(reason): whole(refused, reason, within="refused") for reason in refused or {}},
    )


def groups_to_json(groups: Iterable[DeploymentGroup]) -> list[object]:
    """One object a group, as in `status.placement.groups`; what a group does not have is left out, but `domain`."""
    return [_group_to_json(group) for group in groups]


def groups_from_json(data: object) -> tuple[DeploymentGroup, ...]:
    """The groups. Raises UnreadableJson naming the field; unknown keys are ignored."""
    found = items({"groups": data}, "groups")
    if len(found) > GROUPS_MAX:
        raise UnreadableJson("groups", f"has {len(found)} items, more than {GROUPS_MAX}")
    groups = tuple(_within(f"groups[{index}]", one) for index, one in enumerate(found))
    names = [group.name for group in groups]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise UnreadableJson(f"groups[{index}].name", f'"{name[:60]}" is there a second time')
    return groups


def _group_to_json(group: DeploymentGroup) -> dict[str, object]:
    data: dict[str, object] = {"name": group.name, "domain": None}
    if group.domain is not None:
        data["domain"] = [{"key": label.key, "value": label.value} for label in group.domain.labels]
    if group.exclude is not None:
        data["except"] = {"key": group.exclude.key, "values": list(group.exclude.values)}
    if group.tier is not None:
        data["tier"] = group.tier.value
    for role in ROLES:
        allotment = group.allotments.get(role)
        if allotment is not None:
            named = {} if allotment.gpu_class is None else {"class": allotment.gpu_class}
            data[role.value] = {**named, "replicas": allotment.replicas}
    return data | {"sequence": group.sequence}


def _within(where: str, data: object) -> DeploymentGroup:
    try:
        return _group(data)
    except UnreadableJson as error:
        raise UnreadableJson(f"{where}.{error.field}", error.wrong) from error


def _group(data: object) -> DeploymentGroup:
    name = text(data, "name")
    domain, exclude, tier = (_optional(data, key) for key in ("domain", "except", "tier"))
    return DeploymentGroup(
        name=name,
        domain=None if domain is None else _domain(data),
        exclude=None if exclude is None else _except(exclude),
        tier=None if tier is None else _tier(tier),
        allotments={role: _allotment(data, role) for role in ROLES if _optional(data, role.value) is not None},
        sequence=0 if _optional(data, "sequence") is None else whole(data, "sequence"),
    )


def _domain(data: object) -> Domain:
    found = _bounded(items(data, "domain"), "domain", LABELS_MAX)
    labels = []
    for index, one in enumerate(found):
        within = f"domain[{index}]"
        labels.append(Label(text(one, "key", within=within), text(one, "value", within=within)))
    return Domain(tuple(labels))


def _except(data: object) -> Except:
    found = _bounded(items(data, "values", within="except"), "except.values", VALUES_MAX)
    values = tuple(text({"values": one}, "values", within="except") for one in found)
    return Except(text(data, "key", within="except"), values)


def _tier(written: object) -> Tier:
    if not isinstance(written, str) or written not in set(Tier):
        raise UnreadableJson("tier", f"is none of {', '.join(Tier)}")
    return Tier(written)


def _allotment(data: object, role: Role) -> Allotment:
    inner = member(data, role.value)
    gpu_class = _optional(inner, "class", within=role.value)
    return Allotment(
        gpu_class=None if gpu_class is None else text(inner, "class", within=role.value),
        replicas=whole(inner, "replicas", within=role.value),
    )


def _optional(data: object, name: str, *, within: str = "") -> object:
    """The value under `name`, None where there is none."""
    if not isinstance(data, dict):
        raise UnreadableJson(within or name, "is no object")
    value: object = data.get(name)
    return value


def _bounded(found: list[object], name: str, most: int) -> list[object]:
    if len(found) > most:
        raise UnreadableJson(name, f"has {len(found)} items, more than {most}")
    return found
