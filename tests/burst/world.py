"""A burst of pods through webhook replicas that do not know of each other, bound by the scheduler's model meanwhile."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from disaggregated_service.core.deployment_group import Allotment, DeploymentGroup, Domain, Label
from disaggregated_service.core.pair import Role
from disaggregated_service.core.placement_spec import Tier
from disaggregated_service.core.profile_preset import PRESETS
from placement_webhook.core.json_patch import applied
from placement_webhook.core.node_index import KnownNode, build_index
from placement_webhook.core.view import PlacementView
from placement_webhook.edge.cluster_view import pods_by_group
from placement_webhook.edge.placement_judge import PlacementJudge
from placement_webhook.edge.plan_file import Snapshot
from placement_webhook.edge.recent import RecentAdmissions
from tests.burst.scheduler import Scheduler, SimNode
from tests.services import service

PROFILE = "topograph-v1"
S2 = "fabric.topograph.run/tier-1"
GPUS_PER_POD = 4
GPUS_PER_NODE = 8
LIKELIHOOD = {"admit": 4, "bind": 3, "watch": 1}
STEP_S = 0.02  # a burst of 64 is over in seconds, as a ReplicaSet's is

CHAT = service(
    roles={"prefill": {"gpuClasses": ["h100"]}, "decode": {"gpuClasses": ["h20"]}},
    placement={"affinity": "s2", "topologyProfile": PROFILE},
)


@dataclass(frozen=True)
class Outcome:
    """Pods per group, and those that never found a node."""

    bound: Mapping[str, int]
    stranded: int


@dataclass
class Replica:
    """One webhook process: its own judge, its own memory, its own watch that lags."""

    view: PlacementView
    nodes: Sequence[SimNode]
    recent: RecentAdmissions = field(default_factory=RecentAdmissions)
    snapshot: Snapshot | None = None

    def watch(self, pods: Sequence[Mapping[str, Any]]) -> None:
        index = build_index(KnownNode(name=node.name, labels=node.labels) for node in self.nodes)
        counts = pods_by_group(copy.deepcopy(pods), self.view, index)
        self.snapshot = Snapshot(view=self.view, nodes=index, pods=counts, planned_unix_s=0.0)

    def admit(self, pod: dict[str, Any], now_s: float) -> dict[str, Any]:
        judge = PlacementJudge(lambda: self.snapshot, self.recent, lambda: 0.0)
        verdict = judge.judge(pod, CHAT.key.namespace, now_s)
        if verdict.admission is not None:
            judge.remember(verdict.admission, now_s)
        patched: dict[str, Any] = applied(pod, verdict.patch)
        return patched


def burst(split: Mapping[str, int], room: Mapping[str, int], *, seed: int, replicas: int = 2) -> Outcome:
    """All pods of `split` through the replicas, interleaved at random with binding and watching. room: pods a group."""
    generator = random.Random(seed)
    nodes = [
        SimNode(f"{group}-{n}", {S2: group, "nvidia.com/gpu.product": "NVIDIA-H20"}, GPUS_PER_NODE)
        for group, pods in room.items()
        for n in range(pods * GPUS_PER_POD // GPUS_PER_NODE)
    ]
    view = PlacementView(services=((CHAT, _groups(split)),), profiles={PROFILE: PRESETS[PROFILE]})
    webhooks = [Replica(view, nodes) for _ in range(replicas)]
    scheduler = Scheduler(nodes, generator)
    pods: list[dict[str, Any]] = []
    for webhook in webhooks:
        webhook.watch(pods)
    to_create, now_s = sum(split.values()), 0.0
    queue: list[dict[str, Any]] = []
    unschedulable: list[dict[str, Any]] = []
    while to_create or queue:
        now_s += STEP_S
        open_ = [what for what in LIKELIHOOD if (what != "admit" or to_create) and (what != "bind" or queue)]
        match generator.choices(open_, [LIKELIHOOD[what] for what in open_])[0]:
            case "admit":
                to_create -= 1
                pods.append(generator.choice(webhooks).admit(_pod(to_create), now_s))
                queue.append(pods[-1])
            case "bind":
                pod = queue.pop(0)
                if not _bound(scheduler, pod):
                    unschedulable.append(pod)
            case _:
                generator.choice(webhooks).watch(pods)
    stranded = sum(not _bound(scheduler, pod) for pod in unschedulable)
    return Outcome(bound=Counter(name.rpartition("-")[0] for name in scheduler.bound.values()), stranded=stranded)


def _bound(scheduler: Scheduler, pod: dict[str, Any]) -> bool:
    node = scheduler.bind(pod["metadata"]["name"], pod)
    if node is not None:
        pod["spec"]["nodeName"] = node.name
    return node is not None


def _groups(split: Mapping[str, int]) -> tuple[DeploymentGroup, ...]:
    return tuple(
        DeploymentGroup(
            name=name,
            domain=Domain((Label(S2, name),)),
            tier=Tier.MEDIUM,
            allotments={
                Role.PREFILL: Allotment(gpu_class="h100", replicas=count // 3),
                Role.DECODE: Allotment(gpu_class="h20", replicas=count),
            },
        )
        for name, count in split.items()
    )


def _pod(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"decode-{number}",
            "namespace": CHAT.key.namespace,
            "labels": dict(CHAT.spec.roles.decode.pod_labels),
        },
        "spec": {"containers": [{"name": "engine", "resources": {"limits": {"nvidia.com/gpu": str(GPUS_PER_POD)}}}]},
    }
