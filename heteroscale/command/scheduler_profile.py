"""The kube-scheduler profile that fills nodes as the planner assumes: `schedulerName: heteroscale`.

With the default one, image locality and even spreading outweigh any preference, and pods nibble at the mixed domains.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

SCHEDULER_NAME = "heteroscale"
GPU_RESOURCES = ("amd.com/gpu", "nvidia.com/gpu")
FIT_WEIGHT = 10  # a fuller node is worth two preferences: whole nodes stay free for replicas of several
AFFINITY_WEIGHT = 5


def scheduler_configuration(gpu_resources: Iterable[str] = GPU_RESOURCES) -> dict[str, Any]:
    """A whole KubeSchedulerConfiguration; the default profile stays beside it."""
    resources = [{"name": name, "weight": 1} for name in sorted({*GPU_RESOURCES, *gpu_resources})]
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "profiles": [
            {"schedulerName": "default-scheduler"},
            {
                "schedulerName": SCHEDULER_NAME,
                "plugins": {
                    "score": {
                        "enabled": [
                            {"name": "NodeResourcesFit", "weight": FIT_WEIGHT},
                            {"name": "NodeAffinity", "weight": AFFINITY_WEIGHT},
                        ],
                        "disabled": [{"name": "NodeResourcesBalancedAllocation"}, {"name": "ImageLocality"}],
                    }
                },
                "pluginConfig": [
                    {
                        "name": "NodeResourcesFit",
                        "args": {"scoringStrategy": {"type": "MostAllocated", "resources": resources}},
                    },
                    {"name": "PodTopologySpread", "args": {"defaultingType": "List", "defaultConstraints": []}},
                ],
            },
        ],
    }


def to_yaml(configuration: dict[str, Any]) -> str:
    """As it stands in a file for `kube-scheduler --config`."""
    return yaml.safe_dump(configuration, sort_keys=False, width=120)
