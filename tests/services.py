"""One valid service, and changes to it: `service(ratio={"tolerance": 0.0})`. Tests say only what matters to them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from disaggregated_service.core.decode import decode
from disaggregated_service.core.fault import Fault, InvalidServices
from disaggregated_service.core.override import Override
from disaggregated_service.core.pair import ServiceKey
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from disaggregated_service.core.validate import faults_of, read_spec
from disaggregated_service.edge.time_zone import offsets_min

BASE: dict[str, Any] = {
    "mode": "active",
    "engine": "vllm",
    "roles": {
        "prefill": {
            "target": {"name": "chat-70b-prefill"},
            "podLabels": {"app": "chat-70b", "llm-d.ai/role": "prefill"},
            "minReplicas": 1,
            "maxReplicas": 24,
            "gpusPerReplica": 4,
        },
        "decode": {
            "target": {"name": "chat-70b-decode"},
            "podLabels": {"app": "chat-70b", "llm-d.ai/role": "decode"},
            "minReplicas": 3,
            "maxReplicas": 72,
            "gpusPerReplica": 4,
        },
    },
    "ratio": {"prefill": 1, "decode": 3, "tolerance": 0.15},
    "load": {"decode": {"metric": "decodeTps", "targetPerReplica": 1900, "capacityPerReplica": 3150}},
    "guards": [
        {"metric": "tbt", "percentile": 90, "target": "40ms"},
        {"metric": "ttft", "percentile": 90, "target": "1s"},
    ],
    "signals": {
        "source": "prometheus",
        "selectors": {"prefill": 'namespace="llm",role="prefill"', "decode": 'namespace="llm",role="decode"'},
    },
}


class Remove:
    """In a change: the key is taken out of the base."""


REMOVE = Remove()


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `base` with `changes` laid over it: mappings are merged, all else replaced, REMOVE removes.

    A ratio with another `mode` replaces the base's whole, since the two modes share no keys.
    """
    result = deepcopy(dict(base))
    for key, change in changes.items():
        if change is REMOVE:
            result.pop(key, None)
        elif isinstance(change, Mapping) and isinstance(result.get(key), dict) and "mode" not in change:
            result[key] = merged(result[key], change)
        else:
            result[key] = deepcopy(change)
    return result


def spec_data(**changes: Any) -> dict[str, Any]:
    """The base spec as plain data, with changes in YAML's own names."""
    return merged(BASE, changes)


def service(
    *,
    name: str = "chat-70b",
    namespace: str = "llm",
    overrides: tuple[Override, ...] = (),
    unchecked: bool = False,
    **changes: Any,
) -> DisaggregatedService:
    """The base service with changes; raises InvalidServices unless the result is valid or `unchecked`."""
    decoded = decode(ServiceSpec, spec_data(**changes), "spec")
    faults = decoded.faults
    if decoded.value is not None and not faults and not unchecked:
        faults = faults_of(decoded.value, offsets_min)
    if faults or decoded.value is None:
        raise InvalidServices(faults)
    return DisaggregatedService(key=ServiceKey(namespace, name), spec=decoded.value, overrides=overrides)


def faults_with(**changes: Any) -> tuple[Fault, ...]:
    """All faults of the base spec with changes, as the file reader and the command line report them."""
    _, faults = read_spec(spec_data(**changes), offsets_min)
    return faults


def profile_manifest(*, name: str = "our-fabric", **spec: Any) -> dict[str, Any]:
    """A topology profile as a whole object; without a spec, the preset topograph-v1 as it is."""
    return {
        "apiVersion": "heteroscale.dev/v1alpha1",
        "kind": "TopologyProfile",
        "metadata": {"name": name},
        "spec": spec or {"preset": "topograph-v1"},
    }


def manifest(*, name: str = "chat-70b", namespace: str = "llm", **changes: Any) -> dict[str, Any]:
    """The base service as a whole object: apiVersion, kind, metadata, spec."""
    return {
        "apiVersion": "heteroscale.dev/v1alpha1",
        "kind": "DisaggregatedService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec_data(**changes),
    }
