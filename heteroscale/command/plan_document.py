"""A plan as the YAML stream that `place`, the webhook and `kubectl` read: services with `status.placement`, profiles.

The objects are written back as their author wrote them; only their status is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from disaggregated_service.core.decision_json import pair_to_json
from disaggregated_service.core.json_field import UnreadableJson
from disaggregated_service.core.pair import Pair, ServiceKey
from disaggregated_service.core.placement_json import PlacementStatus, placement_from_json, placement_to_json
from disaggregated_service.edge.folder import ServicesRead
from disaggregated_service.edge.manifest import API_VERSION, PROFILE_KIND, is_ours, is_profile, service_in
from disaggregated_service.edge.yaml_text import read_text
from heteroscale.coordinator.placement import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The objects as they were written: services by key, profiles by name."""

    services: Mapping[ServiceKey, dict[str, Any]]
    profiles: Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One service's move and what came of it."""

    key: ServiceKey
    in_force: Pair
    targets: Pair
    grant: Grant


def written_in(read: ServicesRead) -> Written:
    """The objects behind what was read without faults; a file that has changed since may lack some."""
    services: dict[ServiceKey, dict[str, Any]] = {}
    profiles: dict[str, dict[str, Any]] = {}
    for source in sorted({*read.origins.values(), *read.profile_origins.values()}):
        for document in read_text(Path(source).read_text(encoding="utf-8-sig"), source).documents:
            data = document.data
            if not isinstance(data, dict):
                continue
            if is_profile(data):
                profiles[str(data["metadata"]["name"])] = data
            elif is_ours(data) and (key := service_in(data).key) is not None:
                services[key] = data
    return Written(services=services, profiles=profiles)


def status_before(data: Mapping[str, Any]) -> PlacementStatus:
    """What an earlier plan left in the object; nothing where there is none that can be read."""
    status = data.get("status")
    try:
        return placement_from_json(status.get("placement") if isinstance(status, dict) else None)
    except UnreadableJson:
        return PlacementStatus()


def plan_stream(planned: Iterable[Planned], written: Written, profiles: Iterable[str]) -> str:
    """The profiles, then the services. A preset that a service names directly is written as an object too."""
    documents = [written.profiles.get(name) or _preset(name) for name in sorted(profiles)]
    documents += [written.services[one.key] | {"status": _status(one)} for one in planned]
    return yaml.safe_dump_all(documents, sort_keys=False, width=120, allow_unicode=True, explicit_start=True)


def outcome_words(one: Planned) -> str:
    """`4P 12D granted of 6P 18D: no room for the next bundle (too few gpus: 12 nodes)`."""
    if one.grant.pair == one.targets:
        return f"{one.grant.pair} granted"
    reasons = ", ".join(
        f"{why.replace('_', ' ')}: {nodes} node{'' if nodes == 1 else 's'}" for why, nodes in one.grant.refused
    )
    return f"{one.grant.pair} granted of {one.targets}; no room for the next bundle ({reasons or 'no reason known'})"


def _status(one: Planned) -> dict[str, Any]:
    whole = one.grant.pair == one.targets
    return {
        "placement": {
            **placement_to_json(PlacementStatus(groups=one.grant.groups, refused=dict(one.grant.refused))),
            "inForce": pair_to_json(one.in_force),
            "targets": pair_to_json(one.targets),
            "granted": pair_to_json(one.grant.pair),
            "message": outcome_words(one),
        },
        "conditions": [
            {
                "type": "Placed",
                "status": "True" if whole else "False",
                "reason": "AllGranted" if whole else "NoRoom",
                "message": outcome_words(one),
            }
        ],
    }


def _preset(name: str) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": PROFILE_KIND, "metadata": {"name": name}, "spec": {"preset": name}}
