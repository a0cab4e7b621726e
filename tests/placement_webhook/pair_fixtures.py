"""Plans and nodes that review pairs name: small, shared, in the formats of `--plan` and `--nodes`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from tests.placement_webhook.edge.plan_text import CLASSES, PRODUCT, S1, S2
from tests.services import spec_data

ZONE = "topology.kubernetes.io/zone"
LEVELS = {"s1": [S1], "s2": [S2], "upper": [ZONE]}
NODES = {  # name: zone, S2, S1, class
    "a1": ("z1", "s2-1", "s1-1", "h100"),
    "a2": ("z1", "s2-1", "s1-2", "h20"),
    "a3": ("z1", "s2-1", "s1-2", "h20"),
    "a4": ("z1", "s2-1", "s1-3", "h20"),
    "b1": ("z1", "s2-2", "s1-4", "h100"),
    "b2": ("z1", "s2-2", "s1-5", "h20"),
    "c1": ("z2", "s2-1", "s1-1", "h100"),  # the same leaf values as in z1
    "c2": ("z2", "s2-1", "s1-1", "h20"),
}


def profile() -> dict[str, Any]:
    return {
        "apiVersion": "heteroscale.dev/v1alpha1",
        "kind": "TopologyProfile",
        "metadata": {"name": "fabric"},
        "spec": {
            "levels": LEVELS,
            "gpuClasses": {
                "h100": {"label": PRODUCT, "match": ["NVIDIA-H100-*"]},
                "h20": {"label": PRODUCT, "match": ["NVIDIA-H20*"]},
            },
        },
    }


def group(name: str, zone: str, s2: str, prefill: int, decode: int, **more: Any) -> dict[str, Any]:
    domain = [{"key": ZONE, "value": zone}, {"key": S2, "value": s2}]
    return {
        "name": name,
        "domain": domain,
        "tier": "medium",
        "prefill": {"class": "h100", "replicas": prefill},
        "decode": {"class": "h20", "replicas": decode},
        "sequence": 812,
    } | more


def service(*groups: Mapping[str, Any], placement: Mapping[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    roles = {
        "prefill": {"podLabels": {"app": "chat"}, "gpuClasses": ["h100"]},
        "decode": {"podLabels": {"app": "chat"}, "gpuClasses": ["h20"]},
    }
    wanted = {"affinity": "s2", "topologyProfile": "fabric"} if placement is None else placement
    return {
        "apiVersion": "heteroscale.dev/v1alpha1",
        "kind": "DisaggregatedService",
        "metadata": {"name": "chat", "namespace": "llm"},
        "spec": spec_data(roles=roles, placement=wanted, **spec),
        "status": {"placement": {"groups": list(groups)}},
    }


A = group("chat-a", "z1", "s2-1", 4, 12)
B = group("chat-b", "z1", "s2-2", 2, 6)
C = group("chat-c", "z2", "s2-1", 1, 3)
EXCLUDING = {"except": {"key": S1, "values": ["s1-2"]}}

TWO_NODES = "exact, two nodes each"

PLANS: Mapping[str, dict[str, Any]] = {
    "one group": service(A),
    "two groups": service(A, B),
    "same leaf under two spines": service(A, C),
    "three domains": service(A, B, C),
    "a mixed S1 left out": service(A | EXCLUDING),
    "two of different shape": service(A | EXCLUDING, B),
    "nothing planned": service(),
    "only unknown": service({**A, "name": "unknown", "domain": None, "tier": None}),
    "a vanished domain": service(A, group("chat-x", "z9", "s2-9", 4, 12)),
    "all vanished": service(group("chat-x", "z9", "s2-9", 4, 12)),
    "decode only adopted": service({key: value for key, value in A.items() if key != "prefill"}, B),
    "exact": service(A, B, placement={"affinity": "s2", "topologyProfile": "fabric", "exact": True}),
    "exact, nothing planned": service(placement={"affinity": "s2", "topologyProfile": "fabric", "exact": True}),
    "advisory": service(A, mode="advisory"),
    "no affinity": service(A, placement={"affinity": "none"}),
}


def of_two_nodes(service_object: Mapping[str, Any]) -> dict[str, Any]:
    """The service, each decode replica of which has a leader and a worker."""
    copied: dict[str, Any] = json.loads(json.dumps(service_object))
    copied["spec"]["roles"]["decode"]["nodesPerReplica"] = 2
    return copied


def plan_text(name: str) -> str:
    whole = of_two_nodes(PLANS["exact"]) if name == TWO_NODES else PLANS[name]
    return yaml.safe_dump_all([profile(), whole])


def nodes_text(pods: list[dict[str, Any]]) -> str:
    """All nodes, and these pods, as `kubectl get nodes,pods -A -o json` prints them."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [*map(_node, NODES), *pods]})


def seen(group_name: str, role: str, count: int) -> list[dict[str, Any]]:
    """Pods that run already, with the label that the leader wrote."""
    labels = {"app": "chat", "llm-d.ai/role": role, "heteroscale.dev/deployment-group": group_name}
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"{group_name}-{role}-{number}", "namespace": "llm", "labels": labels},
            "spec": {},
        }
        for number in range(count)
    ]


def _node(name: str) -> dict[str, Any]:
    zone, s2, s1, gpu_class = NODES[name]
    labels = {"kubernetes.io/hostname": name, ZONE: zone, S2: s2, S1: s1, PRODUCT: CLASSES[gpu_class]}
    labels |= {"disk": "ssd", "gpu-generation": "9" if name == "a4" else "8"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"nvidia.com/gpu": "8", "rdma/ib": "8"}},
    }
