"""A plan as a YAML stream: services with their `status.placement`, and the profiles they name.

`heteroscale plan` prints one, the webhook and `place` read it; so does what `kubectl get dsvc,topologyprofiles -A
-o yaml` prints. This file must never know what a plan is used for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.fault import Fault, located
from disaggregated_service.core.json_field import UnreadableJson
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.placement_json import PlacementStatus, placement_from_json
from disaggregated_service.core.service import DisaggregatedService
from disaggregated_service.core.topology_labels import TopologyProfile
from disaggregated_service.edge.gathering import Gathering
from disaggregated_service.edge.yaml_text import Document, read_text

PLAN_BYTES_MAX = 64 << 20  # a service with ten groups is about 4 KB: a thousand of them fit well
SERVICES_MAX = 2_000
SOURCE = "plan"


@dataclass(frozen=True, slots=True)
class PlannedService:
    """A service with its deployment groups and, where it was written, what was refused (nodes per reason)."""

    service: DisaggregatedService
    groups: tuple[DeploymentGroup, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRead:
    """services: the valid ones, by key. profiles: by name, with the presets that services name directly."""

    services: tuple[PlannedService, ...] = ()
    profiles: Mapping[str, TopologyProfile] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def read_plan(text: str, source: str = SOURCE) -> PlanRead:
    """Reads a plan; never raises for its content: `faults` holds all that is wrong, and the rest is read.

    A service whose status cannot be read has a fault and is left out: half a plan would strand its pods.
    """
    read = read_text(text, source, bytes_max=PLAN_BYTES_MAX)
    gathering = Gathering()
    gathering.faults.extend(read.faults)
    statuses: dict[ServiceKey, PlacementStatus] = {}
    unreadable: set[ServiceKey] = set()
    for document in (one for whole in read.documents for one in _objects(whole)):
        key = gathering.add(document, source)
        if key is None or key in statuses:
            continue
        status = _status(document, source)
        if isinstance(status, PlacementStatus):
            statuses[key] = status
        else:
            gathering.faults.extend(status)
            unreadable.add(key)
    gathering.finish()
    services = tuple(
        PlannedService(service, status.groups, status.refused)
        for key, service in sorted(gathering.services.items())
        if key not in unreadable
        for status in [statuses.get(key, PlacementStatus())]
    )
    if len(services) > SERVICES_MAX:
        wrong = f"holds {len(services)} services"
        fault = Fault(path="document", wrong=wrong, right=f"write at most {SERVICES_MAX}", source=source)
        return PlanRead(faults=(*gathering.faults, fault))
    return PlanRead(services=services, profiles=gathering.profiles_in_use(), faults=tuple(gathering.faults))


def _objects(document: Document) -> Iterator[Document]:
    """The document, or the items of a List, with the lines of each."""
    data = document.data
    if not isinstance(data, dict) or data.get("kind") != "List" or not isinstance(data.get("items"), list):
        yield document
        return
    for index, one in enumerate(data["items"]):
        prefix = f"items[{index}]"
        yield Document(one, document.lines, document.lines.get(prefix, document.line), (), prefix)


def _status(document: Document, source: str) -> PlacementStatus | tuple[Fault, ...]:
    """What `status.placement` says; a service without one has no groups yet."""
    data = document.data
    status = data.get("status") if isinstance(data, dict) else None
    placement = status.get("placement") if isinstance(status, dict) else None
    try:
        return PlacementStatus() if placement is None else placement_from_json(placement)
    except UnreadableJson as error:
        path = "status.placement" if error.field == "placement" else f"status.placement.{error.field}"
        fault = Fault(path=path, wrong=error.wrong, right="write it as `heteroscale plan` prints it")
        return located((fault,), source=source, line_of=document.line_of)
