"""The CustomResourceDefinitions of DisaggregatedService and TopologyProfile, made from the types.

This file must never know a single field.
"""

from __future__ import annotations

from typing import Any

from disaggregated_service.core.service import ServiceSpec
from disaggregated_service.core.shape import record_of
from disaggregated_service.core.topology_profile import TopologyProfileSpec
from disaggregated_service.edge.cel import NAME_RULES, rules_of
from disaggregated_service.edge.manifest import GROUP, KIND, PROFILE_KIND, VERSION
from disaggregated_service.edge.open_api import schema_of, validations

PLURAL = "disaggregatedservices"
PROFILE_PLURAL = "topologyprofiles"

# Where decision_json.py writes what people look for first.
_COLUMNS = (
    ("Mode", "string", ".spec.mode", "active or advisory"),
    ("Prefill", "integer", ".status.scaling.decision.granted.prefill", "prefill replicas granted"),
    ("Decode", "integer", ".status.scaling.decision.granted.decode", "decode replicas granted"),
    ("Verdict", "string", ".status.scaling.decision.verdict.action", "scale or hold"),
    ("Reason", "string", ".status.scaling.decision.verdict.reason", "why"),
    ("Age", "date", ".metadata.creationTimestamp", "age of the object"),
)


_PROFILE_COLUMNS = (
    ("Preset", "string", ".spec.preset", "the built-in profile it starts from"),
    ("Age", "date", ".metadata.creationTimestamp", "age of the object"),
)


def crd() -> dict[str, Any]:
    """A service's: the whole object, ready to be written as YAML."""
    version = {"subresources": {"status": {}}, **_columns(_COLUMNS), "schema": {"openAPIV3Schema": _root()}}
    return _definition(KIND, PLURAL, "Namespaced", ["dsvc"], version)


def profile_crd() -> dict[str, Any]:
    """A topology profile's. It speaks for nodes, which have no namespace."""
    version = {**_columns(_PROFILE_COLUMNS), "schema": {"openAPIV3Schema": _profile_root()}}
    return _definition(PROFILE_KIND, PROFILE_PLURAL, "Cluster", [], version)


def _definition(kind: str, plural: str, scope: str, short: list[str], version: dict[str, Any]) -> dict[str, Any]:
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": scope,
            "names": {**names, **({"shortNames": short} if short else {})},
            "versions": [{"name": VERSION, "served": True, "storage": True, **version}],
        },
    }


def _columns(columns: tuple[tuple[str, str, str, str], ...]) -> dict[str, Any]:
    return {
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path, "description": words} for name, kind, path, words in columns
        ]
    }


def _profile_root() -> dict[str, Any]:
    spec = schema_of(record_of(TopologyProfileSpec), rules_of)
    return {
        "description": "Which node labels say where a node sits and what GPU it has.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec | {"description": "What the labels mean."},
        },
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
                "description": "The last decision, deployment groups, what a new leader continues from, conditions.",
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
        **validations(NAME_RULES),
    }
