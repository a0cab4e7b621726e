"""Counts of extended resources (GPUs, RDMA devices), added up over a pod as the kube-scheduler does.

Whatever is no extended resource (cpu, memory, hugepages) is left out: nothing here places by it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

_QUANTITY = re.compile(r"([0-9]+)(k|M|G|Ki|Mi|Gi)?")
_FACTOR = {None: 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def is_extended(name: str) -> bool:
    """`nvidia.com/gpu` is, `cpu` and `kubernetes.io/batch-cpu` are not."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and domain != "kubernetes.io" and not domain.endswith(".kubernetes.io")


def extended(quantities: object) -> dict[str, int]:
    """The extended resources of a list such as `status.allocatable`; what cannot be read counts as none."""
    if not isinstance(quantities, Mapping):
        return {}
    return {str(name): _whole(quantity) for name, quantity in quantities.items() if is_extended(str(name))}


def pod_requests(spec: Mapping[str, Any]) -> dict[str, int]:
    """What a pod holds from its binding to its end.

    The largest of two moments, for each resource: all containers with all restartable init containers (sidecars), and
    each ordinary init container with the sidecars started before it.
    """
    sidecars: Counter[str] = Counter()
    peak: Counter[str] = Counter()
    for container in _containers(spec, "initContainers"):
        needs = _requests(container)
        if container.get("restartPolicy") == "Always":
            sidecars.update(needs)
        else:
            peak |= sidecars + Counter(needs)
    running = sidecars.copy()
    for container in _containers(spec, "containers"):
        running.update(_requests(container))
    overhead = Counter(extended(spec.get("overhead")))
    return {name: count for name, count in sorted(((peak | running) + overhead).items()) if count > 0}


def _containers(spec: Mapping[str, Any], field: str) -> Iterable[Mapping[str, Any]]:
    found = spec.get(field)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _requests(container: Mapping[str, Any]) -> dict[str, int]:
    """Requests; of what is only limited, the limit (the API server would have filled it in)."""
    resources = container.get("resources")
    if not isinstance(resources, Mapping):
        return {}
    return extended(resources.get("limits")) | extended(resources.get("requests"))


def _whole(quantity: object) -> int:
    match = _QUANTITY.fullmatch(str(quantity).strip())
    return 0 if match is None else int(match[1]) * _FACTOR[match[2]]
