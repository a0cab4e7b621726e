"""Who else chooses the network domain of a pod: a gang scheduler or a queue, which must not get a conflicting rule.

Such a pod gets the outer bound only (all the service's groups, and the GPU class): node affinity is a filter to all of
them. Must never know a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placement_webhook.core.intent import maps

SCHEDULERS = frozenset({"volcano", "kai-scheduler", "koord-scheduler", "kai-scheduler-v2", "grove-scheduler"})
LABELS = frozenset(
    {
        "kueue.x-k8s.io/queue-name",
        "kai.scheduler/queue",
        "pod-group.scheduling.sigs.k8s.io",
        "scheduling.x-k8s.io/pod-group",
    }
)
ANNOTATIONS = frozenset(
    {
        "scheduling.k8s.io/group-name",  # Volcano's PodGroup
        "scheduling.volcano.sh/group-name",
        "pod-group-name",  # KAI's
        "gang.scheduling.koordinator.sh/name",
        "kueue.x-k8s.io/podset-required-topology",
        "kueue.x-k8s.io/podset-preferred-topology",
    }
)
FIELDS = ("schedulingGroup", "workloadRef")  # in-tree PodGroups: since 1.36, and in 1.35
GATE_PREFIXES = ("kueue.x-k8s.io/", "grove.io/")


def manager_of(pod: Mapping[str, Any]) -> str | None:
    """What shows that somebody else chooses the domain, in words for a message; None where nobody does."""
    metadata, spec = pod["metadata"], pod["spec"]
    scheduler = spec.get("schedulerName")
    if isinstance(scheduler, str) and scheduler in SCHEDULERS:
        return f"schedulerName {scheduler}"
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    for kind, keys, given in (("label", LABELS, labels), ("annotation", ANNOTATIONS, annotations)):
        if not keys.isdisjoint(given):
            return f"{kind} {min(keys & given.keys())}"
    field = next((field for field in FIELDS if spec.get(field)), None)
    if field is not None:
        return f"spec.{field}"
    gates = (str(gate.get("name")) for gate in maps(spec.get("schedulingGates")))
    gate = next((gate for gate in gates if gate.startswith(GATE_PREFIXES)), None)
    return None if gate is None else f"scheduling gate {gate}"
