"""Ten thousand nodes, a thousand services and fifty thousand pods, as the reduced records that a watch keeps.

Forty S2 of 250 nodes. Most are of one class; every fifth has S1s of two classes, every tenth a mixed S1 too.
Services ask for all affinities and several replica sizes; one in ten of them moves in a cycle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from disaggregated_service.core.deployment_group import DeploymentGroup
from disaggregated_service.core.load_spec import LoadSpec, RoleLoad
from disaggregated_service.core.pair import Pair, Role, ServiceKey
from disaggregated_service.core.placement_spec import Affinity, OnExhausted, PlacementSpec, Tier
from disaggregated_service.core.ratio import FixedRatio
from disaggregated_service.core.role_spec import Roles, RoleSpec, ScaleTarget
from disaggregated_service.core.service import DisaggregatedService, ServiceSpec
from disaggregated_service.core.topology_labels import GpuClass, TopologyProfile
from prescheduler.core.plan import Plan, Request
from prescheduler.core.record import NodeRecord, PodRecord

ZONE, S2, S1 = "topology.kubernetes.io/zone", "fabric.example/tier-1", "fabric.example/tier-0"
PRODUCT, GPU, RDMA = "nvidia.com/gpu.product", "nvidia.com/gpu", "rdma/ib"
GPUS, S1_NODES, S2_NODES = 8, 25, 250
PROFILE = TopologyProfile(
    name="fabric",
    s1=(S1,),
    s2=(S2,),
    upper=(ZONE,),
    classes=(("h100", GpuClass(match=("NVIDIA-H100-*",))), ("h20", GpuClass(match=("NVIDIA-H20", "NVIDIA-H20-*")))),
)
PRODUCTS = {"h100": "NVIDIA-H100-80GB-HBM3", "h20": "NVIDIA-H20"}
AFFINITIES = (Affinity.S2, Affinity.S2, Affinity.S2, Affinity.S1, Affinity.CLUSTER)


def nodes(count: int) -> list[NodeRecord]:
    """Nodes, with their labels as a cloud gives them."""
    return [_node(number) for number in range(count)]


def _node(number: int) -> NodeRecord:
    s2, s1 = number // S2_NODES, number // S1_NODES
    gpu_class = "h100" if s2 % 2 else "h20"
    if s2 % 5 == 0:
        gpu_class = "h100" if s1 % 2 else "h20"
        if s2 % 10 == 0 and s1 % 10 == 0:
            gpu_class = "h100" if number % 2 else "h20"
    labels = {
        ZONE: f"z{s2 // 20}",
        S2: f"s2-{s2}",
        S1: f"s1-{s1}",
        PRODUCT: PRODUCTS[gpu_class],
        "kubernetes.io/hostname": f"node-{number:05d}",
    }
    return NodeRecord(name=f"node-{number:05d}", labels=labels, allocatable={GPU: GPUS, RDMA: 8})


def services(count: int) -> list[DisaggregatedService]:
    """By priority, then by name."""
    found = [_service(number) for number in range(count)]
    return sorted(found, key=lambda one: (-one.spec.priority, one.key))


def _service(number: int) -> DisaggregatedService:
    affinity = AFFINITIES[number % len(AFFINITIES)]
    mixed = number % 10 == 3
    prefill, decode = ("h100", "h20") if mixed else (("h20", "h20") if number % 3 else ("h100", "h100"))
    gpus = (1, 1, 2, 1)[number % 4]
    spec = ServiceSpec(
        priority=number % 7,
        roles=Roles(prefill=_role(number, Role.PREFILL, prefill, gpus), decode=_role(number, Role.DECODE, decode, 1)),
        ratio=FixedRatio(prefill=1, decode=4),
        load=LoadSpec(decode=RoleLoad(metric="decodeTps", target_per_replica=1900.0)),
        placement=PlacementSpec(
            affinity=affinity,
            topology_profile=PROFILE.name,
            max_tier=None if mixed else Tier.MEDIUM,
            on_exhausted=OnExhausted.DEGRADE if number % 2 else OnExhausted.WAIT,
        ),
    )
    return DisaggregatedService(key=ServiceKey("llm", f"service-{number:04d}"), spec=spec)


def _role(number: int, role: Role, gpu_class: str, gpus: int) -> RoleSpec:
    return RoleSpec(
        target=ScaleTarget(name=f"service-{number:04d}-{role}"), max_replicas=1000, gpus_per_replica=gpus,
        gpu_classes=(gpu_class,),
    )  # fmt: skip


def raises(fleet: Sequence[DisaggregatedService], last: Plan | None, pair: Pair) -> list[Request]:
    """From what was granted last, or nothing, to a pair each."""
    if last is None:
        return [Request(service=one, in_force=Pair(0, 0), targets=pair) for one in fleet]
    before = last.placed
    return [
        Request(service=one, in_force=before[one.key].granted, targets=pair, previous=before[one.key].groups)
        for one in fleet
    ]


def moving(requests: Sequence[Request], plan: Plan, turn: int) -> list[Request]:
    """The requests of the next cycle: a tenth of the services moves by one bundle, half of them up."""
    found: list[Request] = []
    for number, request in enumerate(requests):
        placed = plan.placed[request.service.key]
        step = 0 if (number + turn) % 10 else (1 if (number + turn) % 20 else -1)
        targets = Pair(max(1, placed.granted.prefill + step), max(4, placed.granted.decode + 4 * step))
        found.append(replace(request, in_force=placed.granted, targets=targets, previous=placed.groups))
    return found


class Binding:
    """Binds what plans allot, most-allocated nodes first, as the shipped scheduler profile does."""

    def __init__(self, records: Sequence[NodeRecord]) -> None:
        self.pods: list[PodRecord] = []
        self._free = {node.name: GPUS for node in records}
        self._rooms = _Rooms(records)
        self._bound: Counter[tuple[ServiceKey, str, Role]] = Counter()

    def bind(self, fleet: Sequence[DisaggregatedService], plan: Plan) -> None:
        """All that is not bound yet."""
        for one in fleet:
            for group in plan.placed[one.key].groups:
                for role, allotment in group.allotments.items():
                    names = self._rooms.of(group, allotment.gpu_class)
                    waiting = allotment.replicas - self._bound[one.key, group.name, role]
                    self._bound[one.key, group.name, role] = allotment.replicas
                    for _ in range(waiting):
                        self._bind(one, role, group.name, names)

    def _bind(self, one: DisaggregatedService, role: Role, group: str, names: Sequence[str]) -> None:
        gpus = one.spec.roles.of(role).gpus_per_replica
        node = next(name for name in names if self._free[name] >= gpus)
        self._free[node] -= gpus
        self.pods.append(
            PodRecord(
                namespace="llm",
                name=f"{one.key.name}-{role}-{len(self.pods)}",
                node=node,
                requests={GPU: gpus, RDMA: 1},
                service=one.key,
                role=role,
                group=group,
            )
        )


class _Rooms:
    """Names of the nodes that a group's rule lets in, found once a rule."""

    def __init__(self, records: Sequence[NodeRecord]) -> None:
        self._records = records
        self._known: dict[object, list[str]] = {}

    def of(self, group: DeploymentGroup, gpu_class: str | None) -> list[str]:
        rule = (group.domain, group.exclude, gpu_class)
        if rule not in self._known:
            pinned = () if group.domain is None else group.domain.labels
            key, values = ("", ()) if group.exclude is None else (group.exclude.key, group.exclude.values)
            self._known[rule] = [
                node.name
                for node in self._records
                if node.labels[PRODUCT] == PRODUCTS[gpu_class or "h20"]
                and all(node.labels.get(label.key) == label.value for label in pinned)
                and node.labels.get(key) not in values
            ]
        return self._known[rule]
