"""The CustomResourceDefinition of a DisaggregatedService, made from the types. It must never know a single
field.
"""

from __future__ import annotations

from typing import Any

from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.shape import record_of
from disaggregated_service.edge.cel import NAME_RULES, rules_of
from disaggregated_service.edge.manifest import GROUP, KIND, VERSION
from disaggregated_service.edge.open_api import schema_of, validations

PLURAL = "disaggregatedservices"

# Where decision_json.py writes what people look for first.
_COLUMNS = (
    ("Mode", "string", ".spec.mode", "active or advisory"),
    ("Prefill", "integer", ".status.scaling.decision.granted.prefill", "prefill replicas granted"),
    ("Decode", "integer", ".status.scaling.decision.granted.decode", "decode replicas granted"),
    ("Verdict", "string", ".status.scaling.decision.verdict.action", "scale or hold"),
    ("Reason", "string", ".status.scaling.decision.verdict.reason", "why"),
    ("Age", "date", ".metadata.creationTimestamp", "age of the object"),
)


def crd() -> dict[str, Any]:
    """The whole object, ready to be written as YAML."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["dsvc"],
            },
            "versions": [_version()],
        },
    }


def _version() -> dict[str, Any]:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path, "description": words} for name, kind, path, words in _COLUMNS
        ],
        "schema": {"openAPIV3Schema": _root()},
    }


def _root() -> dict[str, Any]:
    spec = schema_of(record_of(ServiceSpec), rules_of)
    return {
        "description": "One model served by one prefill pool and one decode pool, which are scaled together.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec | {"description": "What is wanted."},
            "status": {
                "description": "The last decision, what a new leader continues from, and standing conditions.",
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
        **validations(NAME_RULES),
    }
