"""A Pod, as the API server prints it, to the record that planning keeps of it; most pods leave none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from disaggregated_service.core.pod_labels import Owners
from heteroscale.inventory.extended_resource import pod_requests
from heteroscale.inventory.node_record import condition
from prescheduler.core.record import PodRecord

GROUP_LABEL = "heteroscale.dev/deployment-group"
LEADER_WORKER_SET = "leaderworkerset.sigs.k8s.io"
FINISHED = ("Succeeded", "Failed")

_ORDINAL = re.compile(r".*-([0-9]{1,9})")


def pod_records(pods: Iterable[Mapping[str, Any]], owners: Owners) -> tuple[PodRecord, ...]:
    """Records of the pods that hold extended resources or belong to a service; finished pods hold nothing."""
    return tuple(record for pod in pods if (record := pod_record(pod, owners)) is not None)


def pod_record(pod: Mapping[str, Any], owners: Owners) -> PodRecord | None:
    """None for a pod that is of no interest to planning."""
    metadata, spec, status = (_mapping(pod.get(part)) for part in ("metadata", "spec", "status"))
    if status.get("phase") in FINISHED:
        return None
    namespace = str(metadata.get("namespace") or "default")
    labels = {str(key): str(value) for key, value in _mapping(metadata.get("labels")).items()}
    owner = owners.owner_of(namespace, labels)
    requests = pod_requests(spec)
    if owner is None and not requests:
        return None
    name = str(metadata.get("name"))
    kind = _owner_kind(metadata)
    return PodRecord(
        namespace=namespace,
        name=name,
        uid=str(metadata.get("uid") or ""),
        node=str(spec.get("nodeName") or ""),
        requests=requests,
        service=None if owner is None else owner[0].key,
        role=None if owner is None else owner[1],
        component="" if owner is None else owner[2],
        replica=_replica(labels),
        terminating=metadata.get("deletionTimestamp") is not None,
        ready=condition(status, "Ready", unsaid=False),
        created_unix_s=_unix_s(metadata.get("creationTimestamp")),
        group=labels.get(GROUP_LABEL, ""),
        owner_kind=kind,
        ordinal=_ordinal(kind, name, labels),
    )


def _replica(labels: Mapping[str, str]) -> str:
    """A LeaderWorkerSet's group is one replica of several pods."""
    group = labels.get(f"{LEADER_WORKER_SET}/group-index")
    return "" if group is None else f"{labels.get(f'{LEADER_WORKER_SET}/name', '')}-{group}"


def _owner_kind(metadata: Mapping[str, Any]) -> str:
    owners = metadata.get("ownerReferences")
    for owner in owners if isinstance(owners, list) else []:
        if isinstance(owner, Mapping) and owner.get("controller") is True:
            return str(owner.get("kind") or "")
    return ""


def _ordinal(kind: str, name: str, labels: Mapping[str, str]) -> int | None:
    group = labels.get(f"{LEADER_WORKER_SET}/group-index", "")
    if group.isdecimal():  # the workers are a StatefulSet's, but the set drops whole groups
        return int(group)
    match = _ORDINAL.fullmatch(name)
    return int(match[1]) if kind == "StatefulSet" and match else None


def _unix_s(written: object) -> float:
    try:
        return datetime.fromisoformat(str(written)).timestamp()
    except ValueError:
        return 0.0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
