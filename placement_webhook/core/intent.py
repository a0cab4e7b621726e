"""Whose pod it is: service, role and component, or why it is none of our business.

Pods are plain data (dict, list and text, as JSON has them) and may lack anything; the namespace comes from the request,
since a pod about to be created has often none of its own. Must never know a plan's groups or nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from disaggregated_service.core.pair import Role
from disaggregated_service.core.service import DisaggregatedService
from placement_webhook.core.reason import Reason
from placement_webhook.core.view import PlacementView, Slot

SKIP_ANNOTATION = "heteroscale.dev/skip-placement"
MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
GPU_RESOURCE = "nvidia.com/gpu"  # of a service that names no profile
WORKER_INDEX_LABEL = "leaderworkerset.sigs.k8s.io/worker-index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A pod of ours. worker: of a replica of several nodes, and not its leader: it has to follow the leader.

    leader: of such a replica, where the pods say which is; its workers come after it.
    """

    service: DisaggregatedService
    role: Role
    component: str = ""
    worker: bool = False
    leader: bool = False

    @property
    def slot(self) -> Slot:
        return self.service.key, self.role, self.component

    def __str__(self) -> str:
        return f"{self.role}{'/' + self.component if self.component else ''} of {self.service.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOurs:
    """A pod to leave untouched, and why."""

    why: Reason
    message: str


def find_intent(pod: Mapping[str, Any], namespace: str, view: PlacementView) -> Intent | NotOurs:
    """Whose pod it is. Never raises for a pod's content."""
    malformed = why_malformed(pod)
    if malformed is not None:
        return malformed
    metadata, spec = pod["metadata"], pod["spec"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    excused = excuse(metadata, annotations, spec)
    if excused is not None:
        return excused
    owner = view.owners.owner_of(namespace, labels) if all(isinstance(v, str) for v in labels.values()) else None
    if owner is None:
        return NotOurs(why=Reason.NOT_A_ROLE, message=f"no service in {namespace} has a role with these labels")
    service, role, component = owner
    profile = view.profile_of(service)
    gpu_resource = GPU_RESOURCE if profile is None else profile.gpu_resource
    if not asks_for_gpu(spec, gpu_resource):
        return NotOurs(why=Reason.NO_GPU, message=f"asks for no {gpu_resource} and has no resource claim")
    index = labels.get(WORKER_INDEX_LABEL) if service.spec.roles.of(role).nodes_per_replica > 1 else None
    worker = index is not None and index != "0"
    return Intent(service=service, role=role, component=component, worker=worker, leader=index == "0")


def why_malformed(pod: Mapping[str, Any]) -> NotOurs | None:
    """What keeps a pod from being read at all."""
    metadata, spec = pod.get("metadata"), pod.get("spec")
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        return NotOurs(why=Reason.MALFORMED_POD, message="metadata or spec is missing")
    if not all(isinstance(metadata.get(member) or {}, dict) for member in ("labels", "annotations")):
        return NotOurs(why=Reason.MALFORMED_POD, message="labels or annotations are not a map")
    return None


def excuse(metadata: Mapping[str, Any], annotations: Mapping[str, Any], spec: Mapping[str, Any]) -> NotOurs | None:
    """What takes a pod out of our hands whatever its labels say."""
    if MIRROR_ANNOTATION in annotations:
        return NotOurs(why=Reason.MIRROR, message="mirrors a static pod, which runs already")
    if annotations.get(SKIP_ANNOTATION) == "true":
        return NotOurs(why=Reason.SKIPPED, message=f"annotation {SKIP_ANNOTATION}")
    if spec.get("nodeName"):
        return NotOurs(why=Reason.BOUND, message=f"bound to {spec['nodeName']} already")
    if any(owner.get("kind") == "DaemonSet" for owner in maps(metadata.get("ownerReferences"))):
        return NotOurs(why=Reason.DAEMON_SET, message="belongs to a DaemonSet, which chooses its node")
    return None


def asks_for_gpu(spec: Mapping[str, Any], gpu_resource: str) -> bool:
    """Whether any container asks for a GPU, by extended resource or by claim (DRA)."""
    if any(True for _ in maps(spec.get("resourceClaims"))):
        return True
    asking = [spec, *maps(spec.get("initContainers")), *maps(spec.get("containers"))]
    for one in asking:
        resources = one.get("resources")
        for part in ("limits", "requests"):
            quantities = resources.get(part) if isinstance(resources, dict) else None
            quantity = quantities.get(gpu_resource) if isinstance(quantities, dict) else None
            if str(quantity or "0").strip() not in {"0", ""}:
                return True
    return False


def maps(given: object) -> Iterator[Mapping[str, Any]]:
    """The maps of a list; nothing where it is none."""
    if isinstance(given, list):
        yield from (item for item in given if isinstance(item, dict))
