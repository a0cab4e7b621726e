"""A plan and its nodes as the files that the webhook reads: two S2 domains, each with H100 and H20 nodes."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.services import spec_data

S2, S1 = "fabric.topograph.run/tier-1", "fabric.topograph.run/tier-0"
ROLE = "llm-d.ai/role"  # as the base service has it
PRODUCT = "nvidia.com/gpu.product"
CLASSES = {"h100": "NVIDIA-H100-80GB-HBM3", "h20": "NVIDIA-H20"}


def group(name: str, s2: str, prefill: int, decode: int) -> dict[str, Any]:
    return {
        "name": name,
        "domain": [{"key": S2, "value": s2}],
        "tier": "medium",
        "prefill": {"class": "h100", "replicas": prefill},
        "decode": {"class": "h20", "replicas": decode},
        "sequence": 7,
    }


def service_object(name: str, *groups: dict[str, Any]) -> dict[str, Any]:
    roles = {
        "prefill": {"podLabels": {"app": name}, "gpuClasses": ["h100"]},
        "decode": {"podLabels": {"app": name}, "gpuClasses": ["h20"]},
    }
    placement = {"affinity": "s2", "maxTier": "medium", "topologyProfile": "fabric"}
    return {
        "apiVersion": "heteroscale.dev/v1alpha1",
        "kind": "DisaggregatedService",
        "metadata": {"name": name, "namespace": "llm"},
        "spec": spec_data(roles=roles, placement=placement),
        "status": {"placement": {"groups": list(groups)}},
    }


PROFILE: dict[str, Any] = {
    "apiVersion": "heteroscale.dev/v1alpha1",
    "kind": "TopologyProfile",
    "metadata": {"name": "fabric"},
    "spec": {
        "levels": {"s1": [S1], "s2": [S2]},
        "gpuClasses": {
            "h100": {"label": PRODUCT, "match": ["NVIDIA-H100-*"]},
            "h20": {"label": PRODUCT, "match": ["NVIDIA-H20*"]},
        },
    },
}


def plan_text(*services: dict[str, Any]) -> str:
    return yaml.safe_dump_all([PROFILE, *services])


def node(name: str, s2: str, s1: str, gpu_class: str) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, S2: s2, S1: s1, PRODUCT: CLASSES[gpu_class]}
    allocatable = {"nvidia.com/gpu": "8", "rdma/ib": "8"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def pod(app: str, role: str, gpus: int = 4, **metadata: Any) -> dict[str, Any]:
    """As a ReplicaSet creates it: no name yet."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": f"{app}-{role}-", "labels": {"app": app, ROLE: role}, **metadata},
        "spec": {
            "containers": [{"name": "engine", "image": "vllm", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}],
            "schedulerName": "default-scheduler",
        },
    }


def nodes_text(*objects: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


TWO_DOMAINS = tuple(
    node(f"n-{s2}-{gpu_class}-{number}", s2, f"{s2}-{gpu_class}", gpu_class)
    for s2 in ("s2-a", "s2-b")
    for gpu_class in CLASSES
    for number in range(2)
)
CHAT = service_object("chat", group("chat-a", "s2-a", 1, 3), group("chat-b", "s2-b", 1, 3))
