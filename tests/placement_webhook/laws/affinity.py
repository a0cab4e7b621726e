"""Which nodes a pod may go to, evaluated from Kubernetes' documentation and nothing of ours.

nodeSelector AND (any of the terms (all of its matchExpressions and matchFields)); a term without either matches
nothing; NotIn and DoesNotExist hold for nodes without the label; Gt and Lt want an integer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def allowed(pod: Mapping[str, Any], nodes: Mapping[str, Mapping[str, str]]) -> set[str]:
    """The names of the nodes that the pod may go to; nodes: labels by name."""
    return {name for name, labels in nodes.items() if admits(pod["spec"], name, labels)}


def admits(spec: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> bool:
    selector = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)
    return required is None or any(holds(term, name, labels) for term in required["nodeSelectorTerms"])


def holds(term: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> bool:
    expressions: Sequence[Mapping[str, Any]] = term.get("matchExpressions") or []
    fields: Sequence[Mapping[str, Any]] = term.get("matchFields") or []
    if not expressions and not fields:
        return False
    return all(satisfied(one, labels.get(one["key"])) for one in expressions) and all(
        satisfied(one, name if one["key"] == "metadata.name" else None) for one in fields
    )


def satisfied(requirement: Mapping[str, Any], value: str | None) -> bool:
    wanted = requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return value is not None and value in wanted
        case "NotIn":
            return value is None or value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdigit() and int(value) > int(wanted[0])
        case "Lt":
            return value is not None and value.isdigit() and int(value) < int(wanted[0])
        case other:
            raise AssertionError(other)
