"""A Node, as the API server prints it, to the record that planning and admission keep of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heteroscale.inventory.extended_resource import extended
from prescheduler.core.record import NodeRecord


def node_record(node: Mapping[str, Any]) -> NodeRecord:
    """Labels, extended resources, and whether pods may go there: ready and not cordoned.

    A node that says nothing of its readiness counts as ready: only files written by hand hold such nodes.
    """
    metadata, spec, status = (_mapping(node.get(part)) for part in ("metadata", "spec", "status"))
    return NodeRecord(
        name=str(metadata.get("name")),
        labels={str(key): str(value) for key, value in _mapping(metadata.get("labels")).items()},
        allocatable=extended(status.get("allocatable")),
        placeable=condition(status, "Ready", unsaid=True) and spec.get("unschedulable") is not True,
    )


def condition(status: Mapping[str, Any], wanted: str, *, unsaid: bool) -> bool:
    """Whether a condition is True; `unsaid` where it is not there."""
    conditions = status.get("conditions")
    for one in conditions if isinstance(conditions, list) else []:
        if isinstance(one, Mapping) and one.get("type") == wanted:
            return str(one.get("status")) == "True"
    return unsaid


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
